package shim

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
)

// Start starts or restores. A restored database is closed to all but the agent
// until it is verified; one that is not what was recorded is stopped again.
func (s *Service) Start(ctx context.Context, r *taskAPI.StartRequest) (*taskAPI.StartResponse, error) {
	t := s.of(r.ID)
	switch {
	case t == nil:
		return s.TTRPCTaskService.Start(ctx, r)
	case r.ExecID != "":
		return s.startExec(ctx, t, r)
	}
	resp, err := t.start(detached(ctx), r)
	if err != nil {
		return nil, fail(err)
	}
	return resp, nil
}

func (t *task) start(ctx context.Context, r *taskAPI.StartRequest) (*taskAPI.StartResponse, error) {
	if t.restore != nil {
		return t.startRestored(ctx, r)
	}
	resp, err := t.inner.Start(ctx, r)
	t.releasePipes()
	if err != nil {
		return nil, native(err)
	}
	t.started(ctx, int(resp.Pid))
	t.phase(state.Open)
	return resp, nil
}

// started notes the init process where other processes look for it.
func (t *task) started(ctx context.Context, pid int) {
	t.set(func(r *state.Record) { r.Pid = pid })
	if err := t.holdLeases(pid); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Error("lull: lease")
	}
	go t.awaitExit(ctx)
}

// awaitExit lets go of the data folders when the server has ended, though its
// task may be kept: nobody lives there any more.
func (t *task) awaitExit(ctx context.Context) {
	if _, err := t.inner.Wait(ctx, &taskAPI.WaitRequest{ID: t.c.ID}); err != nil {
		return // the shim ends
	}
	t.interrupt() // there is nobody to copy from or to talk to any more
	t.turn.Lock() // a sequence that is under way ends first
	defer t.turn.Unlock()
	for _, l := range t.leases {
		if err := l.release(); err != nil {
			log.G(ctx).WithError(err).WithField("id", t.c.ID).Error("lull: lease")
		}
	}
}

func (t *task) startRestored(ctx context.Context, r *taskAPI.StartRequest) (*taskAPI.StartResponse, error) {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.gate.close("is being restored")
	resp, err := t.inner.Start(ctx, r)
	t.releasePipes()
	if err := t.letGo(); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: the holder of the network namespace")
	}
	if err != nil {
		t.lose()
		err = criu.Explain(native(err), filepath.Join(t.c.Bundle, "work", criu.RestoreLog))
		t.set(func(r *state.Record) { r.Phase, r.Error = state.Refused, err.Error() })
		return nil, errors.Join(rpccode.Wrap(rpccode.Restore, err), t.restore.Abort(ctx))
	}
	t.started(ctx, int(resp.Pid))
	t.phase(state.Verifying)
	if err := t.restore.Verify(ctx); err != nil {
		return nil, t.refuse(ctx, err)
	}
	t.admit(ctx)
	t.remember(ctx, int(resp.Pid))
	return resp, nil
}

// admit lets clients in; what the rollback kept aside may go.
func (t *task) admit(ctx context.Context) {
	if err := t.restore.Commit(ctx); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: what the rollback kept aside stays")
	}
	t.set(func(r *state.Record) {
		r.Phase, r.Checkpoint = state.Open, t.restore.Manifest().ID
		r.Checked, r.Steps = t.restore.Checked(), t.restore.Steps()
		r.Version = t.restore.Manifest().Database.Version
	})
	t.restore = nil
	t.gate.open()
}

// refuse stops what does not hold and puts everything back.
func (t *task) refuse(ctx context.Context, why error) error {
	t.set(func(r *state.Record) { r.Phase, r.Error = state.Refused, why.Error() })
	within, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	if err := (stock{service: t.inner, id: t.c.ID}).Stop(within); err != nil {
		return errors.Join(why, fmt.Errorf("it could not be stopped, and stays closed: %w", err))
	}
	return errors.Join(why, t.restore.Abort(ctx))
}
