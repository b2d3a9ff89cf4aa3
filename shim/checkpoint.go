package shim

import (
	"context"
	"path/filepath"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/log"
	"github.com/containerd/typeurl/v2"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/internal/intent"
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
	o, err := t.asked(r)
	if err != nil {
		return err
	}
	if o.Exit {
		if err := t.staysDown(); err != nil {
			return err
		}
	}
	if t.cut == nil {
		if err := t.pause(ctx); err != nil {
			return err
		}
		defer t.resumeOwn(ctx)
	}
	return t.dump(ctx, r, o)
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

func (t *task) dump(ctx context.Context, r *taskAPI.CheckpointTaskRequest, o *options.CheckpointOptions) error {
	if err := t.leaseLate(ctx, t.cut.Pid(), t.cut.Folders()); err != nil {
		return err
	}
	if !t.keepsPause(ctx) {
		t.arm(ctx)
	}
	uncache := t.cacheState(ctx)
	defer uncache()
	t.phase(state.Dumping)
	m, err := t.cut.Dump(ctx, stock{service: t.inner, id: t.c.ID, dump: r}, engine.Request{Dir: r.Path, Work: o.WorkPath, Exit: o.Exit})
	if err != nil {
		t.set(func(rec *state.Record) { rec.Phase, rec.Error = state.Frozen, err.Error() })
		return err
	}
	t.set(func(rec *state.Record) { dumpedRecord(rec, m) })
	if o.Exit {
		t.endCut(state.Checkpoint)
	}
	return failpoint.Hit("checkpoint.sealed")
}

// keepsPause is true when the client said that the pause is somebody else's:
// it will not resume, and nobody's watchdog shall.
func (t *task) keepsPause(ctx context.Context) bool {
	i, ok, err := intent.Take(t.c.Paths.StateDir, t.c.Namespace, t.c.ID, time.Now())
	if err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: announced settings")
	}
	return ok && i.KeepPaused
}

func dumpedRecord(rec *state.Record, m *manifest.Manifest) {
	rec.Phase, rec.Checkpoint, rec.Level = state.Frozen, m.ID, string(m.Reached.Level)
}

// asked reads the client's options and gives CRIU a work folder where the
// client named none: its statistics would be gone with the stock service's.
func (t *task) asked(r *taskAPI.CheckpointTaskRequest) (*options.CheckpointOptions, error) {
	o := &options.CheckpointOptions{}
	if r.Options != nil {
		if err := typeurl.UnmarshalTo(r.Options, o); err != nil {
			return nil, err
		}
	}
	if o.WorkPath == "" {
		o.WorkPath = filepath.Join(t.c.Paths.State, "criu-work")
	}
	var err error
	r.Options, err = typeurl.MarshalAnyToProto(o)
	return o, err
}
