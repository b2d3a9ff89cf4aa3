package shim

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/intent"
)

// stopped is a fake stock service whose task is not to be paused by lull.
type stopped struct{ taskAPI.TTRPCTaskService }

func (stopped) State(context.Context, *taskAPI.StateRequest) (*taskAPI.StateResponse, error) {
	return &taskAPI.StateResponse{Status: tasktypes.Status_STOPPED}, nil
}

func (stopped) Pause(context.Context, *taskAPI.PauseRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func busy(t *testing.T, budget time.Duration) (*Service, *task) {
	t.Helper()
	c := &engine.Container{ID: "db", Namespace: "default"}
	c.Paths.StateDir, c.Settings.PauseBudget = t.TempDir(), budget
	busy := &task{c: c, inner: stopped{}}
	s := New(stopped{}, Host{})
	s.keep(c.ID, busy)
	busy.turn.Lock()
	return s, busy
}

// A pre-copy may take an hour; docker pause holds dockerd's lock.
func TestAPrecopyGivesWayToAPause(t *testing.T) {
	s, busy := busy(t, time.Minute)
	copying, done := busy.copying(t.Context())
	paused := make(chan error, 1)
	go func() {
		_, err := s.Pause(t.Context(), &taskAPI.PauseRequest{ID: "db"})
		paused <- err
	}()
	<-copying.Done()
	if err := context.Cause(copying); !errors.Is(err, errGaveWay) {
		t.Error(err)
	}
	done()
	busy.turn.Unlock()
	if err := <-paused; err != nil {
		t.Error(err)
	}
}

func TestAPauseWaitsForItsBudgetAtMost(t *testing.T) {
	s, busy := busy(t, time.Millisecond)
	defer busy.turn.Unlock()
	if _, err := s.Pause(t.Context(), &taskAPI.PauseRequest{ID: "db"}); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("got %v", err)
	}
}

// lull's own client waits for the one before it, and ends no pre-copy.
func TestAPauseOnALeashWaits(t *testing.T) {
	s, busy := busy(t, time.Millisecond)
	announced := intent.Intent{Leash: "a file", Expires: time.Now().Add(time.Hour)}
	if err := intent.Announce(busy.c.Paths.StateDir, "default", "db", announced); err != nil {
		t.Fatal(err)
	}
	copying, done := busy.copying(t.Context())
	defer done()
	paused := make(chan error, 1)
	go func() {
		_, err := s.Pause(t.Context(), &taskAPI.PauseRequest{ID: "db"})
		paused <- err
	}()
	select {
	case err := <-paused:
		t.Errorf("it did not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if copying.Err() != nil {
		t.Error("it ended the pre-copy")
	}
	busy.turn.Unlock()
	<-paused
}
