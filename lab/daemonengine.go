package lab

import (
	"fmt"
	"path/filepath"
	"slices"
)

// containerd gives the folder of the programs, and the version, of a containerd
// that stands aside; the newest has no folder of its own.
func (l *Lab) containerd(part string) (dir, version string, err error) {
	if part == "" {
		return "", containerdVersion[1:], nil
	}
	a, err := l.Aside(part)
	if err != nil {
		return "", "", err
	}
	return a.Bin(), parseVersion(a.Version).String(), nil
}

// Program is one of the daemon's own: containerd, ctr or the stock shim of its
// version; else the lab's.
func (d *Daemon) Program(name string) string {
	if d.Engine != "" {
		return filepath.Join(d.Engine, name)
	}
	return d.lab.Path(name)
}

// path is the daemon's: what was asked for, its own programs, then the lab's.
func (d *Daemon) path() string {
	dirs := slices.Clone(d.BinDirs)
	if d.Engine != "" {
		dirs = append(dirs, d.Engine)
	}
	return d.lab.PATH(dirs...)
}

// sections are the parts of the configuration that were named otherwise before
// containerd 2.3.
func (d *Daemon) sections() string {
	v := parseVersion(d.Version)
	if v.less(version{2, 3}) {
		return fmt.Sprintf("[grpc]\n  address = %q\n[ttrpc]\n  address = %q\n", d.Address, d.Address+".ttrpc")
	}
	return fmt.Sprintf("[plugins.'io.containerd.server.v1.grpc']\n  address = %q\n", d.Address) +
		fmt.Sprintf("[plugins.'io.containerd.server.v1.ttrpc']\n  address = %q\n", d.Address+".ttrpc") +
		fmt.Sprintf("[plugins.'io.containerd.shim.v1.manager']\n  socket_dir = %q\n", d.Dir+"/s")
}

// importFlags: the transfer service of 2.1 does not start without plugins that
// the lab leaves out, so its ctr unpacks the image itself.
func (d *Daemon) importFlags() []string {
	v := parseVersion(d.Version)
	if v.less(version{2}) || !v.less(version{2, 3}) {
		return nil
	}
	return []string{"--local"}
}

// format is the newest configuration format that the daemon reads.
func (d *Daemon) format() int {
	switch v := parseVersion(d.Version); {
	case v.less(version{2}):
		return 2
	case v.less(version{2, 3}):
		return 3
	}
	return 4
}
