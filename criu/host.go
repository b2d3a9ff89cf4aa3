package criu

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// Environment is what the runtime finds around itself: containerd's, not that
// of whoever asks.
type Environment struct {
	Path string // its PATH
	Pid  int    // its process, whose capabilities count
	Runc string // its runc; empty: the one on Path
}

// Host looks whether this host can dump and restore. It runs criu and runc,
// so it is not for a process that reaps all its children, such as a shim.
func Host(ctx context.Context, env Environment) []Finding {
	kernel, release, err := Kernel()
	if err != nil {
		return []Finding{{Severity: Fail, Check: "kernel", What: err.Error()}}
	}
	all := []Finding{{Severity: OK, Check: "kernel", What: "Linux " + release}}
	all = append(all, env.criu(ctx, kernel)...)
	all = append(all, env.runc(ctx, kernel), env.tar())
	return append(all, Capabilities(env.Pid)...)
}

// Kernel is the running kernel's version, and its full name.
func Kernel() (Version, string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Version{}, "", fmt.Errorf("uname: %w", err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	v, err := ParseVersion(release)
	return v, release, err
}

func (e Environment) criu(ctx context.Context, kernel Version) []Finding {
	remedy := fmt.Sprintf("install CRIU %s or newer on containerd's PATH", MinimumCRIU(kernel))
	path, version, err := e.version(ctx, "criu")
	if err != nil {
		return []Finding{{Severity: Fail, Check: "criu", What: err.Error(), Remedy: remedy}}
	}
	if version.Less(MinimumCRIU(kernel)) {
		return []Finding{{Severity: Fail, Check: "criu",
			What:   fmt.Sprintf("CRIU %s (%s) is too old for Linux %s", version, path, kernel),
			Remedy: remedy}}
	}
	found := Finding{Severity: OK, Check: "criu", What: fmt.Sprintf("CRIU %s (%s)", version, path)}
	return []Finding{found, e.criuCheck(ctx, path)}
}

// criuCheck runs CRIU's own test of the kernel.
func (e Environment) criuCheck(ctx context.Context, path string) Finding {
	out, err := e.run(ctx, path, "check")
	if err != nil {
		return Finding{Severity: Fail, Check: "criu check", What: lastLine(out, err),
			Remedy: "run `criu check` and see https://criu.org/Linux_kernel for the options that the kernel needs"}
	}
	return Finding{Severity: OK, Check: "criu check", What: "the kernel has what CRIU needs"}
}

func (e Environment) runc(ctx context.Context, kernel Version) Finding {
	name := e.Runc
	if name == "" {
		name = "runc"
	}
	remedy := fmt.Sprintf("install runc %s or newer on containerd's PATH", MinimumRunc(kernel))
	path, version, err := e.version(ctx, name)
	if err != nil {
		return Finding{Severity: Fail, Check: "runc", What: err.Error(), Remedy: remedy}
	}
	if version.Less(MinimumRunc(kernel)) {
		return Finding{Severity: Fail, Check: "runc",
			What:   fmt.Sprintf("runc %s (%s) is too old for Linux %s", version, path, kernel),
			Remedy: remedy}
	}
	return Finding{Severity: OK, Check: "runc", What: fmt.Sprintf("runc %s (%s)", version, path)}
}

func (e Environment) tar() Finding {
	path, err := e.Find("tar")
	if err != nil {
		return Finding{Severity: Fail, Check: "tar", What: err.Error(),
			Remedy: "install tar: CRIU saves tmpfs mounts, /dev/shm among them, with it"}
	}
	return Finding{Severity: OK, Check: "tar", What: path}
}

func (e Environment) version(ctx context.Context, name string) (string, Version, error) {
	path, err := e.Find(name)
	if err != nil {
		return "", Version{}, err
	}
	out, err := e.run(ctx, path, "--version")
	if err != nil {
		return path, Version{}, fmt.Errorf("%s --version: %s", path, lastLine(out, err))
	}
	v, err := ParseVersion(out)
	return path, v, err
}
