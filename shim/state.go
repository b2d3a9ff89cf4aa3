package shim

import (
	"context"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
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

func (t *task) fromCache() *taskAPI.StateResponse {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cached == nil {
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
