package shim

import (
	"context"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/protobuf"
)

// neverRan is the exit status of a task whose process was not restored, as
// containerd's client has it for a task that it cannot ask.
const neverRan = 255

// Wait waits for the process. The stock service waits without end for one that
// CRIU could not restore, because no exit will ever be told; dockerd does so
// with the container's lock in its hands.
func (s *Service) Wait(ctx context.Context, r *taskAPI.WaitRequest) (*taskAPI.WaitResponse, error) {
	t := s.of(r.ID)
	if t == nil || r.ExecID != "" {
		return s.TTRPCTaskService.Wait(ctx, r)
	}
	return t.wait(ctx, r)
}

func (t *task) wait(ctx context.Context, r *taskAPI.WaitRequest) (*taskAPI.WaitResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		resp *taskAPI.WaitResponse
		err  error
	}
	exited := make(chan answer, 1)
	go func() {
		resp, err := t.inner.Wait(ctx, r)
		exited <- answer{resp, err}
	}()
	select {
	case a := <-exited:
		return a.resp, a.err
	case <-t.lost:
		return &taskAPI.WaitResponse{ExitStatus: neverRan, ExitedAt: protobuf.ToTimestamp(time.Now())}, nil
	}
}

// lose says, once, that there will be no process.
func (t *task) lose() {
	select {
	case <-t.lost:
	default:
		close(t.lost)
	}
}
