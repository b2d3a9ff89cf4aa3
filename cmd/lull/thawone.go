package main

import (
	"context"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/state"
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

// How long each way may take. A shim that dumps answers when it has done so.
const (
	resumeTime = 90 * time.Second
	shimTime   = 10 * time.Second // of a shim that has nothing else to do
	cgroupTime = 5 * time.Second
)

func (s *subject) patience() time.Duration {
	if s.record != nil && s.record.Phase == state.Dumping {
		return resumeTime
	}
	return shimTime
}

// paused asks containerd, and the kernel where containerd does not know.
func (s *subject) paused() bool {
	switch s.status {
	case task.Status_PAUSED, task.Status_PAUSING:
		return true
	case task.Status_CREATED, task.Status_STOPPED:
		return false
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
	pid := s.pid
	if pid == 0 && s.record != nil {
		pid = s.record.Pid
	}
	if pid == 0 {
		return "", false
	}
	f, err := freezer.Of(pid)
	return f, err == nil
}

// thawOne resumes through containerd; what that leaves frozen is thawed by the
// cgroup's file.
func thawOne(ctx context.Context, client *containerd.Client, s *subject) (thawed, error) {
	t := thawed{Namespace: s.namespace, ID: s.info.ID, How: notPaused}
	if !s.paused() {
		return t, nil
	}
	resumed := resume(ctx, client, s.info.ID, s.patience())
	f, known := s.freezer()
	if !known {
		t.How = byResume
		return t, resumed
	}
	if frozen, err := f.Frozen(); err == nil && !frozen {
		t.How = byResume
		return t, believesPaused(s.info.ID, resumed)
	}
	t.How = byCgroup
	if resumed != nil {
		t.Error = resumed.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, cgroupTime)
	defer cancel()
	return t, f.Thaw(ctx)
}

// believesPaused explains a shim that missed a thaw by the cgroup's file.
func believesPaused(id string, refusal error) error {
	if refusal == nil {
		return nil
	}
	return fail(exitOther, "its processes run, but exec and checkpoint work again only after it is started anew",
		"the shim of %s believes that it is paused: %w", id, refusal)
}

func resume(ctx context.Context, client *containerd.Client, id string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := client.TaskService().Resume(ctx, &tasks.ResumeTaskRequest{ContainerID: id})
	return errgrpc.ToNative(err)
}
