package shim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// undoTime bounds each undo.
const undoTime = 30 * time.Second

// Create prepares a database container for the checkpoints to come, because
// its network namespace and CRIU configuration have to be there from the
// start; and for a restore it checks everything before any process runs.
func (s *Service) Create(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	if err := translateOptions(r); err != nil {
		return nil, fail(err)
	}
	c, err := s.recognise(ctx, r.ID, r.Bundle)
	if err != nil {
		return nil, fail(err)
	}
	if c == nil {
		return s.createPlain(ctx, r)
	}
	t := &task{c: c, inner: s.TTRPCTaskService, host: s.host, record: newRecord(c), created: c.Created, lost: make(chan struct{})}
	resp, err := t.create(detached(ctx), r)
	if err != nil {
		return nil, fail(errors.Join(err, t.undo.Run(ctx, undoTime)))
	}
	if t.restore != nil {
		t.phase(state.Restoring) // the client looks for it before it starts the task
	}
	s.keep(r.ID, t)
	return resp, nil
}

// createPlain hands a container without a database on. A checkpoint of one is
// not restored unchecked because its database was not recognised this time.
func (s *Service) createPlain(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	if r.Checkpoint != "" && !switchedOff(r.Bundle) {
		if m, err := manifest.Read(r.Checkpoint); err == nil {
			return nil, fail(rpccode.Wrap(rpccode.Altered, fmt.Errorf("the checkpoint is of %s and this container was recognised as no database; "+
				"give it the label or annotation %s=%s, or none to restore it unchecked", m.Database.Engine, quiesce.LabelEngine, m.Database.Engine)))
		}
	}
	return s.TTRPCTaskService.Create(ctx, r)
}

func (t *task) create(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	if err := t.openRestore(ctx, r.Checkpoint); err != nil {
		return nil, err
	}
	for _, f := range []func() error{
		t.makeFolder,
		t.noteRestore,
		t.makeNetwork,
		t.hold,
		t.stayApart,
		t.configure,
		func() error { return t.interpose(r) },
	} {
		if err := f(); err != nil {
			return nil, err
		}
	}
	return t.createInner(ctx, r)
}

func (t *task) makeFolder() error {
	dir := t.c.Paths.State
	t.undo.Push("the state folder", func(context.Context) error { return os.RemoveAll(dir) })
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	return criu.Config{Connections: t.c.Settings.Connections}.Write(t.c.Paths.CRIUConf)
}

// noteRestore leaves the record that whoever sweeps after a kill goes by.
func (t *task) noteRestore() error {
	if t.restore != nil {
		t.phase(state.Restoring)
	}
	return nil
}

// openRestore checks the image, if there is one, before anything is made.
func (t *task) openRestore(ctx context.Context, dir string) error {
	if dir == "" {
		return nil
	}
	if t.c.Network.Mode == engine.NetworkPrivate {
		return rpccode.Wrap(rpccode.Host, errPrivate)
	}
	onDrift, err := t.onDrift()
	if err != nil {
		return err
	}
	rt := stock{service: t.inner, id: t.c.ID}
	t.restore = engine.NewRestore(t.c, rt, t.sessions(), t.host.Config.Agent.UID, dir, onDrift)
	order, err := state.TakeOrder(t.c.Paths.StateDir, t.c.Namespace, t.c.ID)
	if err != nil {
		return err
	}
	t.restore.OnClone(order.OnClone)
	t.restore.Know(order.Known)
	t.record.Phase, t.image = state.Restoring, dir
	return t.restore.Open(ctx)
}

// onDrift is the one-shot permit's answer, or the label's.
func (t *task) onDrift() (string, error) {
	p, ok, err := state.Take(t.c.Paths.StateDir, t.c.Namespace, t.c.ID, time.Now())
	if err != nil || !ok {
		return t.c.Settings.OnDrift, err
	}
	return p.OnDrift, nil
}

// createInner has the stock service mount the root file system and, but for a
// restore, create the container, whose process does not run yet. The data may
// live in the root file system, so lease and volumes come now.
func (t *task) createInner(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	resp, err := t.createStock(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := t.lease(ctx); err != nil {
		return nil, err
	}
	if t.restore == nil {
		return resp, nil
	}
	if err := t.restore.Prepare(ctx); err != nil {
		return nil, err
	}
	t.undo.Push(prepared, t.restore.Abort) // nothing, once Start has ended it
	if err := t.goApart(); err != nil {
		return nil, err
	}
	if t.restore.Cold() {
		return t.createCold(ctx, r)
	}
	return resp, nil
}

// The names of undos that Delete takes over once the task is there.
const (
	created  = "the created task"
	prepared = "the prepared restore"
)

func (t *task) createStock(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	resp, err := t.inner.Create(ctx, r)
	if err != nil {
		return nil, native(err)
	}
	t.undo.Push(created, func(ctx context.Context) error {
		_, err := t.inner.Delete(ctx, &taskAPI.DeleteRequest{ID: t.c.ID})
		return native(err)
	})
	return resp, nil
}

// createCold starts over without the memory image.
func (t *task) createCold(ctx context.Context, r *taskAPI.CreateTaskRequest) (*taskAPI.CreateTaskResponse, error) {
	if _, err := t.inner.Delete(ctx, &taskAPI.DeleteRequest{ID: t.c.ID}); err != nil {
		return nil, native(err)
	}
	r.Checkpoint = ""
	resp, err := t.inner.Create(ctx, r)
	return resp, native(err)
}
