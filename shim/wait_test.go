package shim

import (
	"context"
	"testing"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"

	"github.com/lull-containers/lull/engine"
)

// silent never tells of an exit, as the stock service of a process that CRIU
// could not restore.
type silent struct{ taskAPI.TTRPCTaskService }

func (silent) Wait(ctx context.Context, _ *taskAPI.WaitRequest) (*taskAPI.WaitResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestWaitEndsWhenNothingWasRestored(t *testing.T) {
	db := &task{c: &engine.Container{ID: "db"}, inner: silent{}, lost: make(chan struct{})}
	type answer struct {
		resp *taskAPI.WaitResponse
		err  error
	}
	early := make(chan answer, 1)
	go func() {
		resp, err := db.wait(t.Context(), &taskAPI.WaitRequest{ID: "db"})
		early <- answer{resp, err}
	}()
	db.lose()
	db.lose() // a second failure is none
	a := <-early
	if a.err != nil || a.resp.GetExitStatus() != neverRan || a.resp.GetExitedAt() == nil {
		t.Errorf("who waited before got %v, %v", a.resp, a.err)
	}
	if late, err := db.wait(t.Context(), &taskAPI.WaitRequest{ID: "db"}); err != nil || late.ExitStatus != neverRan {
		t.Errorf("who waits afterwards got %v, %v", late, err)
	}
}

func TestWaitEndsWithItsClient(t *testing.T) {
	db := &task{c: &engine.Container{ID: "db"}, inner: silent{}, lost: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := db.wait(ctx, &taskAPI.WaitRequest{ID: "db"}); err == nil {
		t.Error("it waited for nobody and got an answer")
	}
}
