package shim

import (
	"context"
	"errors"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"
)

// State answers from memory during a dump: the stock service holds its lock
// then, and the daemon waits two seconds only.
func (s *Service) State(ctx context.Context, r *taskAPI.StateRequest) (*taskAPI.StateResponse, error) {
	t := s.of(r.ID)
	if t == nil || r.ExecID != "" {
		return s.TTRPCTaskService.State(ctx, r)
	}
	if st := t.fromCache(); st != nil {
		return st, nil
	}
	st, err := s.TTRPCTaskService.State(ctx, r)
	if err == nil {
		t.publicFifos(st)
	}
	return st, err
}

// publicFifos names the fifos that the client made, not the ones before them.
func (t *task) publicFifos(st *taskAPI.StateResponse) {
	st.Stdin, st.Stdout, st.Stderr = t.stdin, t.stdout, t.stderr
}

// fromCache is nil without a dump, and from the moment on that the dump has
// ended the process: dockerd wants to hear that it is stopped.
func (t *task) fromCache() *taskAPI.StateResponse {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cached == nil || errors.Is(unix.Kill(int(t.cached.Pid), 0), unix.ESRCH) {
		return nil
	}
	return proto.Clone(t.cached).(*taskAPI.StateResponse)
}

// cacheState freezes State's answer until the returned function is called.
func (t *task) cacheState(ctx context.Context) func() {
	st, err := t.inner.State(ctx, &taskAPI.StateRequest{ID: t.c.ID})
	if err != nil {
		return func() {}
	}
	t.publicFifos(st)
	st.Status = tasktypes.Status_PAUSED
	t.setCache(st)
	return func() { t.setCache(nil) }
}

func (t *task) setCache(st *taskAPI.StateResponse) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cached = st
}
