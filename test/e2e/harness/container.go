package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Container is a container by its id. It stays the same handle when the
// container is removed and restored.
type Container struct {
	ID     string
	Daemon *Daemon
	Log    string // file with the container's output
	pids   pidCache
}

// Container gives a handle on a container that the test makes otherwise, by a
// restore for example, and removes it at the end.
func (d *Daemon) Container(t testing.TB, id string) *Container {
	t.Helper()
	c := &Container{ID: id, Daemon: d, Log: filepath.Join(d.Data, "log-"+id)}
	t.Cleanup(func() { c.cleanUp(t) })
	c.logsOnFailure(t)
	return c
}

// Kill sends SIGKILL and waits until the task is stopped or gone.
func (c *Container) Kill(t testing.TB) {
	t.Helper()
	c.Daemon.Ctr(t, "tasks", "kill", "--signal", "SIGKILL", c.ID)
	c.WaitStatus(t, Stopped, NoTask)
}

// Remove removes the container, running or not, and its rw layer.
func (c *Container) Remove(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := c.remove(ctx); err != nil {
		t.Fatal(err)
	}
}

// remove works on any container that ctr can still reach: it is thawed first,
// because nothing frozen dies.
func (c *Container) remove(ctx context.Context) error {
	status, err := c.status(ctx)
	if err != nil {
		return err
	}
	if status == Paused {
		_ = c.ctr(ctx, "tasks", "resume", c.ID) // the next step tells when it failed
	}
	if status != NoTask {
		if err := c.ctr(ctx, "tasks", "delete", "--force", c.ID); err != nil {
			return err
		}
	}
	return c.ctr(ctx, "containers", "delete", c.ID)
}

func (c *Container) ctr(ctx context.Context, args ...string) error {
	out, err := c.Daemon.Daemon.Ctr(ctx, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// cleanUp removes what is left of the container at a test's end. A daemon that
// is gone takes its containers with it.
func (c *Container) cleanUp(t testing.TB) {
	if !c.Daemon.Alive() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exists, err := c.exists(ctx)
	if err == nil && exists {
		err = c.remove(ctx)
	}
	if err != nil {
		t.Errorf("left behind: container %s: %v", c.ID, err)
	}
	_ = os.Remove(c.Log) // it goes with the daemon's folder in any case
}
