package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/netgate"
	"github.com/lull-containers/lull/internal/netns"
)

// hostFindings looks at everything that all containers of this host share.
func (a *app) hostFindings(ctx context.Context) []criu.Finding {
	cfg, err := a.config()
	if err != nil {
		cfg = config.Default()
	}
	all := []criu.Finding{configFinding(a.configPath, err)}
	d, err := findDaemon(a.address)
	if err != nil {
		all = append(all, bad(criu.Fail, "containerd", err, "start it, name its socket with --address, or become root"))
	} else {
		all = append(all, okay("containerd", "%s (process %d)", d.exe, d.pid))
		all = append(all, d.configFindings(a.configPath)...)
	}
	all = append(all, criu.Host(ctx, criu.Environment{Path: d.path(), Pid: d.pid})...)
	all = append(all, shimFindings(d, cfg)...)
	all = append(all, agentFinding(cfg))
	all = append(all, freezerFinding(freezer.Root), nftFinding())
	return append(all, folderFindings(cfg)...)
}

func configFinding(path string, err error) criu.Finding {
	if err != nil {
		return bad(criu.Fail, "configuration", err, "correct it; until then no database container starts")
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return okay("configuration", "%s is not there: defaults", path)
	}
	return okay("configuration", "%s", path)
}

// configFindings warns when the shims, which have containerd's environment, read
// another file than this command.
func (d daemon) configFindings(path string) []criu.Finding {
	theirs := cmp.Or(d.env["LULL_CONFIG"], config.DefaultPath)
	if theirs == path {
		return nil
	}
	return []criu.Finding{{Severity: criu.Warn, Check: "configuration",
		What:   fmt.Sprintf("the shims read %s, this command %s", theirs, path),
		Remedy: "set LULL_CONFIG alike for containerd and for this command"}}
}

// freezerFinding makes and removes a cgroup with a freezer.
func freezerFinding(root string) criu.Finding {
	for parent, file := range map[string]string{
		filepath.Join(root, "freezer"): "freezer.state", // v1, and hybrid
		root:                           "cgroup.freeze",
	} {
		if ok := probeFreezer(parent, file); ok {
			return okay("freezer", "%s", filepath.Join(parent, "…", file))
		}
	}
	return criu.Finding{Severity: criu.Fail, Check: "freezer", What: "no cgroup freezer can be used below " + root,
		Remedy: "run as root, with cgroups mounted read-write"}
}

func probeFreezer(parent, file string) bool {
	dir := filepath.Join(parent, fmt.Sprintf("lull-doctor-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return false
	}
	defer func() { _ = os.Remove(dir) }()
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// nftFinding closes a port in a network namespace that is thrown away.
func nftFinding() criu.Finding {
	if err := probeGate(); err != nil {
		return bad(criu.Fail, "nf_tables", err, "run as root on a kernel with network namespaces and nf_tables (modprobe nf_tables nft_reject_inet)")
	}
	return okay("nf_tables", "a restored database can be kept closed until it is verified")
}

func probeGate() (err error) {
	dir, err := os.MkdirTemp("", "lull-doctor")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "net")
	if err := netns.Create(path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, netns.Remove(path)) }()
	const somePort, nobody = 5432, 65534
	return netgate.Gate{NetNS: path, Name: netgate.Name("doctor", "probe"), Ports: []uint16{somePort}, UID: nobody}.Close()
}

// little is the free space below which a folder is worth a warning, in bytes.
const little = 1 << 30

func folderFindings(cfg config.Config) []criu.Finding {
	return []criu.Finding{folderFinding("state folder", cfg.StateDir, 1<<20), folderFinding("store", cfg.StoreDir, little)}
}

// folderFinding looks at a folder, or at the one that it will be made in.
func folderFinding(check, path string, room uint64) criu.Finding {
	dir := path
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return bad(criu.Fail, check, fmt.Errorf("%s cannot be written: %w", dir, err), "run as root, or name another folder in config.toml")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return bad(criu.Fail, check, fmt.Errorf("%s: %w", dir, err), "name another folder in config.toml")
	}
	free := fs.Bavail * uint64(fs.Bsize)
	text := fmt.Sprintf("%s, %s free", path, sizeText(int64(free)))
	if free < room {
		return criu.Finding{Severity: criu.Warn, Check: check, What: text, Remedy: "make room, or name another folder in config.toml"}
	}
	return okay(check, "%s", text)
}
