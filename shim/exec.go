package shim

import (
	"context"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Exec is refused with Unavailable while a checkpoint or a verification is
// under way.
func (s *Service) Exec(ctx context.Context, r *taskAPI.ExecProcessRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Exec(ctx, r)
	}
	if err := t.gate.enter(r.ExecID); err != nil {
		return reply(err)
	}
	e, err := s.TTRPCTaskService.Exec(ctx, r)
	if err != nil {
		t.gate.leave(r.ExecID)
	}
	return e, err
}

// startExec starts a process that Exec admitted, unless the gate has closed
// since.
func (s *Service) startExec(ctx context.Context, t *task, r *taskAPI.StartRequest) (*taskAPI.StartResponse, error) {
	started, err := t.gate.start(r.ExecID)
	if err != nil {
		return nil, fail(err)
	}
	defer started()
	return s.TTRPCTaskService.Start(ctx, r)
}
