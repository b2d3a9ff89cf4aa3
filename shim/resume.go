package shim

import (
	"context"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/internal/state"
)

// thawTime bounds a thaw, which happens whatever became of the client.
const thawTime = 10 * time.Second

// dumpTime is how long a dump that the watchdog has given up may go on.
const dumpTime = time.Minute

// Resume thaws and lets go. After the watchdog has done so it is a success. It
// waits for a dump that is under way, as long as the watchdog lets that last.
func (s *Service) Resume(ctx context.Context, r *taskAPI.ResumeRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Resume(ctx, r)
	}
	if err := t.await(detached(ctx), t.c.Settings.MaxFrozen+dumpTime, func() {}); err != nil {
		return nil, fail(err)
	}
	defer t.turn.Unlock()
	if t.cut == nil && t.thawed {
		t.thawed = false
		return &emptypb.Empty{}, nil
	}
	if t.cut == nil {
		return reply(stock{service: t.inner, id: r.ID}.Thaw(detached(ctx)))
	}
	return reply(t.resume(detached(ctx)))
}

// resume ends the cut. The caller holds turn.
func (t *task) resume(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, thawTime)
	defer cancel()
	err := t.cut.Thaw(ctx)
	t.endCut(state.Open)
	return err
}

// endCut forgets the cut and its watchdog and lets execs in again.
func (t *task) endCut(next state.Phase) {
	t.disarm()
	t.cut.End()
	t.cut, t.leash = nil, ""
	t.gate.open()
	t.phase(next)
}

func (t *task) disarm() {
	if t.watchdog != nil {
		t.watchdog.Stop()
		t.watchdog = nil
	}
}

// arm starts the watchdog for the present cut. It counts from the Checkpoint
// call, or from the pause of a client on a leash, which is for one: a bare pause
// is the user's business. The caller holds turn.
func (t *task) arm(ctx context.Context) {
	cut := t.cut
	t.disarm()
	t.watchdog = time.AfterFunc(t.c.Settings.MaxFrozen, func() {
		const reason = "the watchdog thawed the container before the checkpoint was finished"
		if err := cut.Poison(reason); err != nil {
			log.G(ctx).WithError(err).Error("lull: watchdog: poison")
		}
		t.turn.Lock()
		defer t.turn.Unlock()
		if t.cut == cut {
			t.bite(ctx, reason)
		}
	})
}

// bite thaws what nobody resumed.
func (t *task) bite(ctx context.Context, reason string) {
	log.G(ctx).WithField("id", t.c.ID).Warn("lull: " + reason)
	err := t.resume(ctx)
	t.thawed = true
	t.set(func(r *state.Record) { r.Error = reason + "; the checkpoint is unusable" })
	if err != nil {
		log.G(ctx).WithError(err).Error("lull: watchdog")
	}
}
