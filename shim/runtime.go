package shim

import (
	"context"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"golang.org/x/sys/unix"
)

// stock is engine.Runtime, and with a request engine.Dumper, for one container
// of the stock task service.
type stock struct {
	service taskAPI.TTRPCTaskService
	id      string
	dump    *taskAPI.CheckpointTaskRequest
}

func (s stock) Pid(ctx context.Context) (int, error) {
	st, err := s.service.State(ctx, &taskAPI.StateRequest{ID: s.id})
	if err != nil {
		return 0, err
	}
	return int(st.Pid), nil
}

func (s stock) Freeze(ctx context.Context) error {
	_, err := s.service.Pause(ctx, &taskAPI.PauseRequest{ID: s.id})
	return err
}

func (s stock) Thaw(ctx context.Context) error {
	_, err := s.service.Resume(ctx, &taskAPI.ResumeRequest{ID: s.id})
	return err
}

func (s stock) Dump(ctx context.Context) error {
	_, err := s.service.Checkpoint(ctx, s.dump)
	return err
}

func (s stock) Stop(ctx context.Context) error {
	_, err := s.service.Kill(ctx, &taskAPI.KillRequest{ID: s.id, Signal: uint32(unix.SIGKILL), All: true})
	if err != nil {
		return err
	}
	_, err = s.service.Wait(ctx, &taskAPI.WaitRequest{ID: s.id})
	return err
}
