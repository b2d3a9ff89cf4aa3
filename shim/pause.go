package shim

import (
	"context"
	"fmt"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/state"
)

// execPatience is how long a pause waits for exec'd processes to end.
const execPatience = time.Second

// Pause quiesces within its budget and freezes. It never fails, and never
// takes longer than the budget, because of lull: docker commit would go on
// with a running container, and docker pause holds dockerd's lock.
func (s *Service) Pause(ctx context.Context, r *taskAPI.PauseRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Pause(ctx, r)
	}
	t.turn.Lock()
	defer t.turn.Unlock()
	if !t.running(ctx) || t.cut != nil {
		return s.TTRPCTaskService.Pause(ctx, r)
	}
	return reply(t.pause(detached(ctx)))
}

func (t *task) running(ctx context.Context) bool {
	st, err := t.inner.State(ctx, &taskAPI.StateRequest{ID: t.c.ID})
	return err == nil && st.Status == tasktypes.Status_RUNNING
}

// pause makes a cut up to the freeze. On error nothing is frozen.
func (t *task) pause(ctx context.Context) error {
	cut := engine.NewCut(t.c, stock{service: t.inner, id: t.c.ID}, sessions{t.host, t.c.Network.Path})
	t.gate.close("is being checkpointed")
	t.phase(state.Quiescing)
	t.quiesce(ctx, cut)
	if err := cut.Freeze(ctx); err != nil {
		t.gate.open()
		t.phase(state.Open)
		return err
	}
	t.cut, t.thawed = cut, false
	t.set(func(r *state.Record) { frozenRecord(r, cut) })
	return nil
}

func frozenRecord(r *state.Record, cut *engine.Cut) {
	r.Phase, r.Cgroup, r.Level, r.Error = state.Frozen, string(cut.Freezer()), string(cut.Level()), ""
	if v := cut.Version(); v != "" {
		r.Version = v
	}
	if err := cut.Reason(); err != nil {
		r.Error = err.Error()
	}
}

func (t *task) quiesce(ctx context.Context, cut *engine.Cut) {
	ctx, done := t.quiescing(ctx, t.c.Settings.PauseBudget)
	defer done()
	patience, cancel := context.WithTimeout(ctx, execPatience)
	defer cancel()
	if n := t.awaitExecs(patience); n > 0 {
		cut.Obstacle(fmt.Errorf("%d exec'd processes still run in the container; wait until they have ended, or end them", n))
	}
	cut.Quiesce(ctx)
}
