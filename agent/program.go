package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Program is the agent's file name, and the one word of its command line.
const Program = "lull-agent"

// Beside is the path of the agent's program: beside the lull command itself,
// wherever a link to that lies.
func Beside(lull string) string {
	if itself, err := filepath.EvalSymlinks(lull); err == nil {
		lull = itself
	}
	return filepath.Join(filepath.Dir(lull), Program)
}

// startProgram starts the process on a thread inside the namespace. Where the
// program lies in a folder that is closed to the agent's user, as a checkout
// in root's home does, it is started through a descriptor.
func startProgram(cfg Config, p *pipes) (*exec.Cmd, func() error, error) {
	cmd := command(cfg, p)
	wait, err := startInside(cfg, cmd)
	if !errors.Is(err, fs.ErrPermission) {
		return cmd, wait, err
	}
	f, closed := os.Open(cfg.Binary)
	if closed != nil {
		return nil, nil, err
	}
	defer f.Close()
	cmd = command(cfg, p)
	cmd.Path = fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if wait, again := startInside(cfg, cmd); again == nil {
		return cmd, wait, nil
	}
	return nil, nil, err
}

func startInside(cfg Config, cmd *exec.Cmd) (wait func() error, err error) {
	err = onThread(cfg.NetNS, func() (err error) {
		wait, err = cfg.Starter.Start(cmd)
		return err
	})
	return wait, err
}
