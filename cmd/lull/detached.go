package main

import (
	"os"
	"os/exec"
	"syscall"
)

// detached starts a command of lull's that outlives this one, in a session of
// its own, with the global flags of this one.
func (a *app) detached(args ...string) error { return a.detachedWith(nil, args...) }

// detachedWith hands it files; the first is its descriptor 3.
func (a *app) detachedWith(files []*os.File, args ...string) error {
	cmd := exec.Command("/proc/self/exe", append(args, "--address", a.address, "--namespace", a.namespace, "--config", a.configPath)...)
	cmd.Dir, cmd.SysProcAttr, cmd.ExtraFiles = "/", &syscall.SysProcAttr{Setsid: true}, files
	cmd.Args[0] = "lull"
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
