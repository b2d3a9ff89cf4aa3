package main

import (
	"context"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/lull-containers/lull/internal/freezer"
)

// thawed is what was done about one container.
type thawed struct {
	Namespace string `json:"namespace"`
	ID        string `json:"id"`
	How       string `json:"how"`             // runs, resumed, cgroup
	Error     string `json:"error,omitempty"` // of containerd, when the cgroup had to do
}

// The ways of thawed.How.
const (
	notPaused = "runs"    // it was not paused
	byResume  = "resumed" // through containerd and the shim
	byCgroup  = "cgroup"  // by the kernel's own file
)

// How long each way may take. A resume waits for the end of a dump that is
// under way.
const (
	resumeTime = 90 * time.Second
	cgroupTime = 5 * time.Second
)

// paused asks containerd, and the kernel where containerd does not know.
func (s *subject) paused() bool {
	if s.status == task.Status_PAUSED || s.status == task.Status_PAUSING {
		return true
	}
	f, ok := s.freezer()
	if !ok {
		return false
	}
	frozen, err := f.Frozen()
	return err == nil && frozen
}

// freezer is the container's control file: as the shim noted it, or where its
// init process is.
func (s *subject) freezer() (freezer.File, bool) {
	if s.record != nil && s.record.Cgroup != "" {
		return freezer.File(s.record.Cgroup), true
	}
	if s.pid == 0 {
		return "", false
	}
	f, err := freezer.Of(s.pid)
	return f, err == nil
}

// thawOne resumes through containerd; what that leaves frozen is thawed by the
// cgroup's file.
func thawOne(ctx context.Context, client *containerd.Client, s *subject) (thawed, error) {
	t := thawed{Namespace: s.namespace, ID: s.info.ID, How: notPaused}
	if !s.paused() {
		return t, nil
	}
	resumed := resume(ctx, client, s.info.ID)
	f, known := s.freezer()
	if !known {
		t.How = byResume
		return t, resumed
	}
	if frozen, err := f.Frozen(); err == nil && !frozen {
		t.How = byResume
		return t, resumed
	}
	t.How = byCgroup
	if resumed != nil {
		t.Error = resumed.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, cgroupTime)
	defer cancel()
	return t, f.Thaw(ctx)
}

func resume(ctx context.Context, client *containerd.Client, id string) error {
	ctx, cancel := context.WithTimeout(ctx, resumeTime)
	defer cancel()
	_, err := client.TaskService().Resume(ctx, &tasks.ResumeTaskRequest{ContainerID: id})
	return errgrpc.ToNative(err)
}
