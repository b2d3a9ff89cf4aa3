package hooks

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/quiesce"
)

// held is engine.Runtime for a container that CRIU is about to dump or has
// restored: there is no service to ask, only the kernel.
type held struct {
	pid int
}

// Pid of the init process.
func (h held) Pid(context.Context) (int, error) { return h.pid, nil }

// Freeze writes the freezer's file. CRIU seizes a frozen container, and freezes
// it again before it lets go of it.
func (h held) Freeze(ctx context.Context) error {
	f, err := freezer.Of(h.pid)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, freezeTime)
	defer cancel()
	if err := f.Freeze(within); err != nil {
		return errors.Join(err, f.Thaw(context.WithoutCancel(ctx)))
	}
	return nil
}

// freezeTime bounds a freeze: a process may sleep in the kernel for a while.
const freezeTime = 10 * time.Second

// Thaw writes the freezer's file.
func (h held) Thaw(ctx context.Context) error {
	f, err := freezer.Of(h.pid)
	if err != nil {
		return err
	}
	return f.Thaw(ctx)
}

// Stop kills the container and waits for its end.
func (h held) Stop(ctx context.Context) error {
	if err := unix.Kill(h.pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	for procs.Alive(h.pid) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// sessions opens sessions in agents, in the container's network namespace.
type sessions struct {
	host Host
	c    *engine.Container
}

// Begin starts an agent.
func (s sessions) Begin() engine.Opening {
	cfg := s.host.Config.Agent
	return opening{agent.Begin(agent.Config{
		Binary: agent.Beside(s.host.Lull), NetNS: s.c.Network.Path, UID: cfg.UID, GID: cfg.GID, Memory: cfg.Memory << 20,
	})}
}

// opening is an agent that starts.
type opening struct{ *agent.Starting }

// Open has the agent open its session.
func (o opening) Open(ctx context.Context, t quiesce.Target) (engine.Session, error) {
	c, err := o.Starting.Open(ctx, t)
	if err != nil {
		return nil, err
	}
	return c, nil
}
