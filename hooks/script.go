package hooks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/config"
)

// Host is what the hooks are told about where they run.
type Host struct {
	Config     config.Config
	ConfigPath string // of the configuration file, for the keeper
	Lull       string // absolute path of the lull command; the agent lies beside it
}

// Script does what lull has to do at one of CRIU's stages. An error makes CRIU
// give up, where a failure of the stage does that.
func Script(ctx context.Context, h Host, getenv func(string) string) error {
	c, err := ParseCall(getenv)
	if err != nil {
		return err
	}
	if err := h.stage(ctx, c, getenv("CRTOOLS_IMAGE_DIR")); err != nil {
		return tell(c.CRIU, err)
	}
	return nil
}

func (h Host) stage(ctx context.Context, c Call, images string) error {
	socket := socketOf(h.Config.StateDir, c.CRIU)
	if c.Stage == PreDump || c.Stage == PreRestore {
		if err := cleanup.IgnoreAbsent(os.Remove(socket)); err != nil { // of a guard that was killed; CRIU has its pid
			return err
		}
		if err := c.find(images); err != nil { // CRIU closes it later on
			return err
		}
		ours, err := h.concerns(c)
		if err != nil || !ours {
			return err
		}
		if err := h.startGuard(socket, c); err != nil {
			return err
		}
	}
	err := ask(ctx, socket, c)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// concerns tells whether CRIU works on a database's container.
func (h Host) concerns(c Call) (bool, error) {
	s, err := h.subject(c)
	return s != nil, err
}

// startGuard starts the process that outlives this script, and in it the
// keeper. It has nothing of CRIU's open.
func (h Host) startGuard(socket string, c Call) error {
	l, err := listen(socket)
	if err != nil {
		return err
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.Command(h.Lull, "--config", h.ConfigPath, "hook", "guard", string(c.Stage), strconv.Itoa(c.CRIU), strconv.Itoa(c.Init))
	cmd.Dir, cmd.ExtraFiles = "/", []*os.File{f}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start lull's keeper: %w", err), os.Remove(socket))
	}
	return cmd.Process.Release()
}
