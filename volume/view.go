package volume

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rawspec"
)

// view is the file system as the container sees it.
type view struct {
	root   *mountPoint
	mounts []*mountPoint // in the order of the spec: later ones cover earlier ones
	host   []string      // mount points of the host
}

// mountPoint is one mount of the container.
type mountPoint struct {
	dest      string // canonical path in the container
	source    string // canonical path on the host
	kind      Kind   // "" for what neither we nor CRIU can carry files of
	fsType    string
	readOnly  bool
	recursive bool
}

func newView(mounts []specs.Mount, rootfs string) (*view, error) {
	host, err := filepath.EvalSymlinks(rootfs)
	if err == nil {
		host, err = filepath.Abs(host)
	}
	if err != nil {
		return nil, &PathError{Class: ErrMount, Path: rootfs, Err: err}
	}
	v := &view{root: &mountPoint{dest: "/", source: host, kind: RW}}
	if v.host, err = hostMounts(); err != nil {
		return nil, err
	}
	for _, m := range mounts {
		point, err := v.mount(m)
		if err != nil {
			return nil, err
		}
		v.mounts = append(v.mounts, point)
	}
	return v, nil
}

// mount resolves a mount's destination in what the earlier ones made.
func (v *view) mount(m specs.Mount) (*mountPoint, error) {
	dest, err := v.follow(m.Destination, true)
	if err != nil {
		return nil, err
	}
	p := &mountPoint{dest: dest, fsType: m.Type, readOnly: readOnly(m.Options)}
	switch {
	case rawspec.IsBind(m):
		p.kind, p.recursive = Bind, slices.Contains(m.Options, "rbind")
		p.source = realSource(m.Source)
	case m.Type == "tmpfs":
		p.kind = Tmpfs
	}
	return p, nil
}

// realSource keeps a source that cannot be resolved as it is: an error only
// when the database's files turn out to be there.
func realSource(source string) string {
	if host, err := filepath.EvalSymlinks(source); err == nil {
		return host
	}
	return filepath.Clean(source)
}

func readOnly(options []string) bool {
	ro := false
	for _, o := range options {
		switch o {
		case "ro", "rro":
			ro = true
		case "rw":
			ro = false
		}
	}
	return ro
}

// lookup gives the mount that a canonical path is on, and its place on the
// host, which is empty where the host has none.
func (v *view) lookup(dest string) (*mountPoint, string) {
	on := v.root
	for _, m := range v.mounts {
		if inside(dest, m.dest) {
			on = m
		}
	}
	if on.source == "" {
		return on, ""
	}
	return on, filepath.Join(on.source, strings.TrimPrefix(dest, on.dest))
}

// resolve gives the canonical path of something that exists in the container.
func (v *view) resolve(name string) (string, error) { return v.follow(name, false) }

const maxLinks = 40 // as the kernel

// follow resolves symlinks step by step, absolute ones and ".." from the
// container's root, so that none leads out of it.
func (v *view) follow(name string, missing bool) (string, error) {
	at, links := "/", 0
	for rest := strings.Split(name, "/"); len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		next := path.Join(at, part) // also takes ".." back, and never above "/"
		target, err := v.linkAt(next)
		switch {
		case errors.Is(err, fs.ErrNotExist) && (missing || v.leadsToMount(next)):
		case err != nil:
			return "", &PathError{Class: ErrMount, Path: name, Err: err}
		case target != "":
			if links++; links > maxLinks {
				return "", &PathError{Class: ErrMount, Path: name, Why: "too many symlinks"}
			}
			if path.IsAbs(target) {
				at = "/"
			}
			rest = append(strings.Split(target, "/"), rest...)
			continue
		}
		at = next
	}
	return at, nil
}

// leadsToMount: the runtime makes the folders that mounts are put on.
func (v *view) leadsToMount(dest string) bool {
	return slices.ContainsFunc(v.mounts, func(m *mountPoint) bool { return inside(m.dest, dest) })
}

// linkAt gives the target when dest is a symlink, and an empty one when it is
// something else.
func (v *view) linkAt(dest string) (string, error) {
	on, host := v.lookup(dest)
	if on.dest == dest || host == "" {
		return "", nil
	}
	st, err := os.Lstat(host)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		return "", err
	}
	return os.Readlink(host)
}
