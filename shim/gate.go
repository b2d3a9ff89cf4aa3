package shim

import (
	"context"
	"fmt"
	"maps"
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
	execs  map[string]bool // exec ids that were admitted and not deleted; true while one is being started; guarded by mu
}

// enter admits an exec, or says Unavailable and why.
func (g *gate) enter(id string) error { return g.admit(id, false) }

// start is enter for an exec that is about to run: until started is called
// nobody else can tell whether it does.
func (g *gate) start(id string) (started func(), err error) {
	return func() { g.mark(id, false) }, g.admit(id, true)
}

func (g *gate) admit(id string, starting bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != "" {
		return fmt.Errorf("the container %s; try again in a moment: %w", g.closed, errdefs.ErrUnavailable)
	}
	if g.execs == nil {
		g.execs = map[string]bool{}
	}
	g.execs[id] = starting
	return nil
}

// mark changes nothing for an exec that was deleted meanwhile.
func (g *gate) mark(id string, starting bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.execs[id]; ok {
		g.execs[id] = starting
	}
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

// admitted is a copy: id → being started.
func (g *gate) admitted() map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.execs)
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
	for id, starting := range t.gate.admitted() {
		if starting {
			n++
			continue
		}
		st, err := t.inner.State(context.WithoutCancel(ctx), &taskAPI.StateRequest{ID: t.c.ID, ExecID: id})
		if err == nil && st.Status == tasktypes.Status_RUNNING {
			n++
		}
	}
	return n
}
