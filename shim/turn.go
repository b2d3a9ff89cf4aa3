package shim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/log"

	"github.com/lull-containers/lull/internal/intent"
)

// errGaveWay is what the client of a pre-copy is told.
var errGaveWay = errors.New("somebody paused the container while its volumes were being copied; take the checkpoint again")

// pauseTurn takes turn for a pause. A client on a leash waits for as long as it
// likes; anybody else may hold a lock meanwhile, as dockerd does, without which the
// container cannot even be killed. A pre-copy gives way to it, for that may take an
// hour.
func (t *task) pauseTurn(ctx context.Context) error {
	i, ok, err := intent.Peek(t.c.Paths.StateDir, t.c.Namespace, t.c.ID, time.Now())
	if err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: announced settings")
	}
	if ok && i.Leash != "" {
		t.turn.Lock()
		return nil
	}
	return t.await(ctx, t.c.Settings.PauseBudget, t.giveWay)
}

const askAgain = 10 * time.Millisecond

// await takes turn, and asks for it as long as it is not free; it fails when it is
// not free within patience.
func (t *task) await(ctx context.Context, patience time.Duration, ask func()) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !t.turn.TryLock() {
		ask()
		select {
		case <-ctx.Done():
			return fmt.Errorf("a checkpoint or restore of the container is under way; try again when it has ended: %w", errdefs.ErrUnavailable)
		case <-time.After(askAgain):
		}
	}
	return nil
}

// copying lets others end a pre-copy.
func (t *task) copying(ctx context.Context) (context.Context, func()) {
	ctx, yield := context.WithCancelCause(ctx)
	t.yields(yield)
	return ctx, func() { t.yields(nil); yield(nil) }
}

func (t *task) yields(f context.CancelCauseFunc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.yield = f
}

// giveWay ends a pre-copy that is under way.
func (t *task) giveWay() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.yield != nil {
		t.yield(errGaveWay)
	}
}
