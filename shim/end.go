package shim

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/log"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/netgate"
	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/volume"
)

// Kill never waits for lull, and ends a pre-copy or a quiesce that is under way
// if it may end the server.
func (s *Service) Kill(ctx context.Context, r *taskAPI.KillRequest) (*emptypb.Empty, error) {
	if t := s.of(r.ID); t != nil && r.ExecID == "" && ends(unix.Signal(r.Signal)) {
		t.interrupt()
	}
	return s.TTRPCTaskService.Kill(ctx, r)
}

// ends is false for signals that tell a server something while it lives: to
// read its configuration, to open its log anew.
func ends(signal unix.Signal) bool {
	switch signal {
	case unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH:
		return false
	}
	return true
}

// Delete ends an exec, or the task and all that was kept for it.
func (s *Service) Delete(ctx context.Context, r *taskAPI.DeleteRequest) (*taskAPI.DeleteResponse, error) {
	resp, err := s.TTRPCTaskService.Delete(ctx, r)
	t := s.of(r.ID)
	if err != nil || t == nil {
		return resp, err
	}
	if r.ExecID != "" {
		t.gate.leave(r.ExecID)
		return resp, nil
	}
	t.end(detached(ctx))
	s.forget(r.ID)
	return resp, nil
}

// sealTime is how long the end of a task waits for a checkpoint of it that is
// being sealed; its client loses it otherwise.
const sealTime = 10 * time.Second

func (t *task) awaitSeal() {
	sealed := make(chan struct{})
	go func() { t.sealing.Wait(); close(sealed) }()
	select {
	case <-sealed:
	case <-time.After(sealTime):
	}
}

// end lets go of what lasted as long as the task. Errors are logged: the task
// is gone whatever they say.
func (t *task) end(ctx context.Context) {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.awaitSeal()
	t.disarm()
	if t.cut != nil {
		if err := t.cut.DropPrecopy(); err != nil {
			log.G(ctx).WithError(err).WithField("id", t.c.ID).Error("lull: pre-copy")
		}
	}
	t.cut = nil
	t.undo.Forget(created)
	t.undo.Forget(prepared)
	if t.restore != nil { // created, and never started or refused
		t.undo.Push(prepared, t.restore.Abort)
	}
	if err := t.undo.Run(ctx, undoTime); err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Error("lull: end of the task")
	}
}

// Sweep removes what a shim that was killed kept for a container.
func Sweep(ctx context.Context, cfg config.Config, id string) error {
	ns, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return err
	}
	dir := state.Dir(cfg.StateDir, ns, id)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // no database's
	}
	var undo cleanup.Stack
	undo.Push("the state folder", func(context.Context) error { return state.Remove(dir) })
	undo.Push("the leases", func(context.Context) error {
		return volume.SweepLeases(state.Leases(cfg.StateDir), ns, id)
	})
	undo.Push("the network namespace", func(context.Context) error { return netns.Remove(state.NetNS(dir)) })
	if rec, err := state.Read(dir); err == nil { // before there is one nothing is closed
		undo.Push("the closed network", func(context.Context) error {
			return netgate.Gate{NetNS: rec.NetNS, Name: netgate.Name(ns, id)}.Open()
		})
	}
	return undo.Run(ctx, undoTime)
}
