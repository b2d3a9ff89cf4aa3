package shim

import (
	"context"
	"os/exec"
	"sync"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/netns"
)

// Connect names, for a restore that is not started yet, the holder of its
// network namespace. A restored task has no process before Start, and dockerd
// gives the namespace its interfaces before that, by the task's pid: with 0 it
// fails ("bind-mount /proc/0/ns/net").
func (s *Service) Connect(ctx context.Context, r *taskAPI.ConnectRequest) (*taskAPI.ConnectResponse, error) {
	resp, err := s.TTRPCTaskService.Connect(ctx, r)
	if t := s.of(r.ID); err == nil && t != nil && resp.TaskPid == 0 {
		resp.TaskPid = t.holderPid()
	}
	return resp, err
}

// holder is a process that does nothing in a network namespace. It ends with
// the shim: its input is a pipe of the shim's.
type holder struct {
	pid uint32
	end func() error // ends it; again: nothing
}

// hold starts the holder of a restore's network namespace, where that is ours
// to make.
func (t *task) hold() error {
	if t.restore == nil || t.c.Network.Mode != engine.NetworkLull {
		return nil
	}
	h, err := startHolder(t.host.Lull, t.c.Network.Path)
	if err != nil {
		return err
	}
	t.setHolder(h)
	t.undo.Push("the holder of the network namespace", func(context.Context) error { return h.end() })
	return nil
}

func startHolder(lull, path string) (*holder, error) {
	cmd := exec.Command(lull, "hold")
	cmd.Env, cmd.Dir = []string{}, "/"
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	var wait func() error
	err = netns.Do(path, func() (err error) {
		wait, err = children{}.Start(cmd)
		return err
	})
	if err != nil {
		in.Close()
		return nil, err
	}
	end := sync.OnceValue(func() error {
		in.Close()
		return wait()
	})
	return &holder{pid: uint32(cmd.Process.Pid), end: end}, nil
}

func (t *task) setHolder(h *holder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holder = h
}

func (t *task) holderPid() uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holder == nil {
		return 0
	}
	return t.holder.pid
}

// letGo ends the holder: the restored process is there, or will never be.
func (t *task) letGo() error {
	t.mu.Lock()
	h := t.holder
	t.holder = nil
	t.mu.Unlock()
	if h == nil {
		return nil
	}
	return h.end()
}
