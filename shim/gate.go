package shim

import (
	"context"
	"fmt"
	"sync"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs"
)

// gate keeps exec'd processes out of a frozen container: one that is neither
// the runtime's child nor in the image breaks the dump.
type gate struct {
	mu     sync.Mutex
	closed string          // why; empty: open. guarded by mu
	execs  map[string]bool // exec ids that were started and not deleted; guarded by mu
}

// enter admits an exec, or says Unavailable and why.
func (g *gate) enter(id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != "" {
		return fmt.Errorf("the container %s; try again in a moment: %w", g.closed, errdefs.ErrUnavailable)
	}
	if g.execs == nil {
		g.execs = map[string]bool{}
	}
	g.execs[id] = true
	return nil
}

func (g *gate) leave(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.execs, id)
}

func (g *gate) close(why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = why
}

func (g *gate) open() { g.close("") }

func (g *gate) ids() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ids []string
	for id := range g.execs {
		ids = append(ids, id)
	}
	return ids
}

// awaitExecs waits until the exec'd processes have ended, or ctx has. It
// returns how many still run.
func (t *task) awaitExecs(ctx context.Context) int {
	for {
		n := t.runningExecs(ctx)
		if n == 0 {
			return 0
		}
		select {
		case <-ctx.Done():
			return n
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (t *task) runningExecs(ctx context.Context) (n int) {
	for _, id := range t.gate.ids() {
		st, err := t.inner.State(context.WithoutCancel(ctx), &taskAPI.StateRequest{ID: t.c.ID, ExecID: id})
		if err == nil && st.Status == tasktypes.Status_RUNNING {
			n++
		}
	}
	return n
}
