package shim

import (
	"context"
	"testing"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/engine"
)

func TestSignalsThatEnd(t *testing.T) {
	for signal, want := range map[unix.Signal]bool{
		unix.SIGHUP: false, unix.SIGUSR1: false, unix.SIGUSR2: false, unix.SIGWINCH: false,
		unix.SIGTERM: true, unix.SIGINT: true, unix.SIGQUIT: true, unix.SIGKILL: true, 0: true,
	} {
		if got := ends(signal); got != want {
			t.Errorf("%s: %t", unix.SignalName(signal), got)
		}
	}
}

// ended is a task service whose task has ended.
type ended struct{ taskAPI.TTRPCTaskService }

func (ended) Wait(context.Context, *taskAPI.WaitRequest) (*taskAPI.WaitResponse, error) {
	return &taskAPI.WaitResponse{}, nil
}

// A server that dies ends what is copied of it, and so its leases.
func TestAServerThatDiesEndsThePrecopy(t *testing.T) {
	task := &task{c: &engine.Container{ID: "db"}, inner: ended{}}
	task.turn.Lock() // as the pause that copies holds it
	copying, done := task.quiescing(t.Context(), time.Hour)
	released := make(chan struct{})
	go func() { task.awaitExit(t.Context()); close(released) }()
	<-copying.Done()
	done()
	task.turn.Unlock()
	<-released
}
