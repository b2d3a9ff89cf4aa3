package shim

import (
	"context"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/log"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// Checkpoint captures, dumps and seals what Pause froze; arriving unpaused it
// does everything, the thaw included. The client may take the writable layer
// before or after this call, so what Pause froze stays frozen until Resume.
// AlreadyExists never leaves here: containerd's client takes it for success.
func (s *Service) Checkpoint(ctx context.Context, r *taskAPI.CheckpointTaskRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Checkpoint(ctx, r)
	}
	t.turn.Lock()
	defer t.turn.Unlock()
	return reply(t.checkpoint(detached(ctx), r))
}

func (t *task) checkpoint(ctx context.Context, r *taskAPI.CheckpointTaskRequest) error {
	exit, err := wantsExit(r)
	if err != nil {
		return err
	}
	if t.cut == nil {
		if err := t.pause(ctx); err != nil {
			return err
		}
		defer t.resumeOwn(ctx)
	}
	return t.dump(ctx, r, exit)
}

// resumeOwn thaws what this call froze itself, unless it ended the container.
func (t *task) resumeOwn(ctx context.Context) {
	if t.cut == nil {
		return
	}
	if err := t.resume(ctx); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Error("lull: thaw after a checkpoint")
	}
}

func (t *task) dump(ctx context.Context, r *taskAPI.CheckpointTaskRequest, exit bool) error {
	t.arm(ctx)
	uncache := t.cacheState(ctx)
	defer uncache()
	t.phase(state.Dumping)
	m, err := t.cut.Dump(ctx, stock{service: t.inner, id: t.c.ID, dump: r}, engine.Request{Dir: r.Path, Exit: exit})
	if err != nil {
		t.set(func(rec *state.Record) { rec.Phase, rec.Error = state.Frozen, err.Error() })
		return err
	}
	t.set(func(rec *state.Record) { dumpedRecord(rec, m) })
	if exit {
		t.endCut(state.Checkpoint)
	}
	return failpoint.Hit("checkpoint.sealed")
}

func dumpedRecord(rec *state.Record, m *manifest.Manifest) {
	rec.Phase, rec.Checkpoint, rec.Level = state.Frozen, m.ID, string(m.Reached.Level)
}

func wantsExit(r *taskAPI.CheckpointTaskRequest) (bool, error) {
	if r.Options == nil {
		return false, nil
	}
	var o options.CheckpointOptions
	if err := typeurl.UnmarshalTo(r.Options, &o); err != nil {
		return false, err
	}
	return o.Exit, nil
}
