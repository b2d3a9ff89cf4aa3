package shim

import (
	"context"
	"errors"
	"testing"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/engine"
)

// inner is a task service that knows the state of execs.
type inner struct {
	taskAPI.TTRPCTaskService
	execs map[string]tasktypes.Status
}

func (i inner) State(_ context.Context, r *taskAPI.StateRequest) (*taskAPI.StateResponse, error) {
	st, ok := i.execs[r.ExecID]
	if !ok {
		return nil, errdefs.ErrNotFound
	}
	return &taskAPI.StateResponse{Status: st}, nil
}

func TestRunningExecs(t *testing.T) {
	in := inner{execs: map[string]tasktypes.Status{}}
	task := &task{c: &engine.Container{ID: "c"}, inner: in}
	count := func(what string, want int) {
		t.Helper()
		if n := task.runningExecs(t.Context()); n != want {
			t.Errorf("%s: %d", what, n)
		}
	}
	if err := task.gate.enter("e"); err != nil {
		t.Fatal(err)
	}
	in.execs["e"] = tasktypes.Status_CREATED
	count("created", 0)
	started, err := task.gate.start("e")
	if err != nil {
		t.Fatal(err)
	}
	count("being started", 1)
	in.execs["e"] = tasktypes.Status_RUNNING
	started()
	count("running", 1)
	in.execs["e"] = tasktypes.Status_STOPPED
	count("ended", 0)
	task.gate.leave("e")
	started()
	count("deleted", 0)
}

func TestGateIsClosed(t *testing.T) {
	var g gate
	g.close("is being checkpointed")
	_, err := g.start("e")
	for name, err := range map[string]error{"exec": g.enter("e"), "start": err} {
		if !errors.Is(err, errdefs.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(g.admitted()) != 0 {
		t.Errorf("admitted: %v", g.admitted())
	}
	g.open()
	if err := g.enter("e"); err != nil {
		t.Error(err)
	}
}
