package hooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
)

// Guard runs the keeper as its child and does nothing as long as that lives: it
// is there for a keeper that is killed, whose container would stand still for
// ever. CRIU's later scripts then hear that they fail.
func Guard(ctx context.Context, h Host, l *net.UnixListener, c Call) error {
	l.SetUnlinkOnClose(true)
	defer l.Close()
	gone, err := ends(c.CRIU)
	if err != nil {
		return err
	}
	if err := h.work(l); err == nil || exited(err) {
		return err
	}
	go refuseAll(l)
	<-gone
	if c.Stage != PreDump || !procs.Alive(c.Init) {
		return errKeeperGone
	}
	return errors.Join(errKeeperGone, thaw(ctx, c.Init))
}

// work runs the keeper; it is there to be killed in its place.
func (h Host) work(l *net.UnixListener) error {
	f, err := l.File()
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.Command(h.Lull, "--config", h.ConfigPath, "hook", "keep")
	cmd.Dir, cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = "/", []*os.File{f}, os.Stdout, os.Stderr
	return cmd.Run()
}

// exited tells a keeper that has ended by itself, and in order, from one that
// was killed or has panicked.
func exited(err error) bool {
	var e *exec.ExitError
	return errors.As(err, &e) && e.Exited() && e.ExitCode() != panicked
}

// panicked is the exit code of a Go program that panics.
const panicked = 2

func refuseAll(l net.Listener) {
	for c := range calls(l) {
		c.answer(errKeeperGone)
	}
}

// thawTime bounds a thaw.
const thawTime = 10 * time.Second

func thaw(ctx context.Context, pid int) error {
	f, err := freezer.Of(pid)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), thawTime)
	defer cancel()
	if err := f.Thaw(ctx); err != nil {
		return fmt.Errorf("thaw what the keeper had frozen: %w", err)
	}
	return nil
}
