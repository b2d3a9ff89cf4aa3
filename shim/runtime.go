package shim

import (
	"context"
	"errors"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/freezer"
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
		return 0, native(err)
	}
	return int(st.Pid), nil
}

// freezeTries bounds how often a freeze is asked for. runc gives one up
// ("unable to freeze") when a process sleeps in the kernel for too long, as a
// database does that waits for a slow disk, and thaws; a little later it works.
const (
	freezeTries = 4
	freezePause = 200 * time.Millisecond
)

func (s stock) Freeze(ctx context.Context) (err error) {
	for try := range freezeTries {
		if try > 0 && !s.runsAfter(ctx, time.Duration(try)*freezePause) {
			return err
		}
		if _, err = s.service.Pause(ctx, &taskAPI.PauseRequest{ID: s.id}); err == nil {
			return nil
		}
		err = native(err)
	}
	return err
}

// runsAfter waits and tells whether the container still runs, so that it can
// be frozen.
func (s stock) runsAfter(ctx context.Context, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
	}
	st, err := s.service.State(ctx, &taskAPI.StateRequest{ID: s.id})
	return err == nil && st.Status == tasktypes.Status_RUNNING
}

// Thaw resumes. A container that somebody thawed by its cgroup is frozen for a
// moment and resumed in order: the stock service would go on to believe in
// its pause, and refuse everything.
func (s stock) Thaw(ctx context.Context) error {
	err := s.resume(ctx)
	if err == nil || !s.believesPaused(ctx) {
		return err
	}
	pid, perr := s.Pid(ctx)
	f, ferr := freezer.Of(pid)
	if perr != nil || ferr != nil {
		return errors.Join(err, perr, ferr)
	}
	if ferr := f.Freeze(ctx); ferr != nil {
		return errors.Join(err, ferr, f.Thaw(context.WithoutCancel(ctx)))
	}
	return s.resume(ctx)
}

func (s stock) resume(ctx context.Context) error {
	_, err := s.service.Resume(ctx, &taskAPI.ResumeRequest{ID: s.id})
	return native(err)
}

func (s stock) believesPaused(ctx context.Context) bool {
	st, err := s.service.State(ctx, &taskAPI.StateRequest{ID: s.id})
	return err == nil && st.Status == tasktypes.Status_PAUSED
}

func (s stock) Dump(ctx context.Context) error {
	_, err := s.service.Checkpoint(ctx, s.dump)
	return native(err)
}

func (s stock) Stop(ctx context.Context) error {
	_, err := s.service.Kill(ctx, &taskAPI.KillRequest{ID: s.id, Signal: uint32(unix.SIGKILL), All: true})
	if err != nil {
		return native(err)
	}
	_, err = s.service.Wait(ctx, &taskAPI.WaitRequest{ID: s.id})
	return native(err)
}

// native takes an error of the stock service's out of the words of the
// transport, which it goes through only once.
func native(err error) error { return errgrpc.ToNative(err) }
