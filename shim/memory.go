package shim

import (
	"context"
	"fmt"

	"github.com/containerd/cgroups/v3"
	"github.com/containerd/cgroups/v3/cgroup1"
	cgroupsv2 "github.com/containerd/cgroups/v3/cgroup2"
	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"
	"github.com/containerd/typeurl/v2"
)

// The stock service looks for a container's cgroup when it creates it. A
// restored one has none then, and stays without metrics and without word of
// running out of memory: both are answered here.

// watchMemory loads the cgroup of a restored task.
func (t *task) watchMemory(pid int) error {
	cg, err := cgroupOf(pid)
	if err != nil {
		return fmt.Errorf("cgroup of process %d: %w", pid, err)
	}
	t.mu.Lock()
	t.cgroup = cg
	t.mu.Unlock()
	watcher, err := t.host.OutOfMemory()
	if err != nil {
		return err
	}
	return watcher.Add(t.c.ID, cg)
}

func cgroupOf(pid int) (any, error) {
	if cgroups.Mode() != cgroups.Unified {
		return cgroup1.Load(cgroup1.PidPath(pid))
	}
	path, err := cgroupsv2.PidGroupPath(pid)
	if err != nil {
		return nil, err
	}
	return cgroupsv2.Load(path)
}

// remember does what a restored task needs and the stock service does not do.
// Nothing of the database depends on it.
func (t *task) remember(ctx context.Context, pid int) {
	if err := t.watchMemory(pid); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: metrics of a restored task")
	}
	if err := removeExtracted(t.image); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: the folder that the checkpoint was extracted into")
	}
}

// Stats answers for a restored task, of which the stock service says NotFound.
func (s *Service) Stats(ctx context.Context, r *taskAPI.StatsRequest) (*taskAPI.StatsResponse, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Stats(ctx, r)
	}
	t.mu.Lock()
	cg := t.cgroup
	t.mu.Unlock()
	if cg == nil {
		return s.TTRPCTaskService.Stats(ctx, r)
	}
	stats, err := statsOf(cg)
	if err != nil {
		return nil, fail(err)
	}
	data, err := typeurl.MarshalAnyToProto(stats)
	if err != nil {
		return nil, fail(err)
	}
	return &taskAPI.StatsResponse{Stats: data}, nil
}

func statsOf(cg any) (any, error) {
	switch cg := cg.(type) {
	case cgroup1.Cgroup:
		return cg.Stat(cgroup1.IgnoreNotExist)
	case *cgroupsv2.Manager:
		return cg.Stat()
	}
	return nil, fmt.Errorf("a cgroup of an unknown kind, %T", cg)
}
