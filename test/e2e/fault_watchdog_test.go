package e2e

import (
	"errors"
	"strings"
	"testing"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/typeurl/v2"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// watchdogFaults have the client go away, or stand still, between Checkpoint
// and Resume.
func watchdogFaults(t *testing.T) {
	s := newSubject(t, annotations("lull/max-frozen", "10s"))
	t.Run("ctr is killed", func(t *testing.T) {
		c := s.stopClient(t, harness.Name(t, "image"))
		c.Signal(t, unix.SIGKILL)
		s.bitten(t)
	})
	t.Run("a client of the API vanishes", s.clientVanishes)
	t.Run("the capture takes too long", s.longCapture)
	t.Run("ctr finishes later", s.clientFinishesLater)
}

// stopClient stops ctr after it sent Checkpoint, and waits until that is done.
func (s *subject) stopClient(t *testing.T, ref string) *harness.Command {
	t.Helper()
	before := s.Record(t).Checkpoint
	c := s.d.StartCtr(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref)
	s.WaitRecord(t, "the dump is under way", func(r state.Record) bool { return r.Phase == state.Dumping })
	c.Signal(t, unix.SIGSTOP)
	s.WaitRecord(t, "the checkpoint is whole", func(r state.Record) bool {
		return r.Phase == state.Frozen && r.Checkpoint != before
	})
	return c
}

// bitten waits until the watchdog has thawed the container.
func (s *subject) bitten(t *testing.T) {
	t.Helper()
	s.WaitRecord(t, "the watchdog thaws", thawed)
	s.healthy(t)
	s.captures = s.d.Captures(t)
}

func thawed(r state.Record) bool {
	return r.Phase == state.Open && strings.Contains(r.Error, "watchdog")
}

// clientVanishes pauses and checkpoints by the API and hangs up. A resume that
// comes late is a success.
func (s *subject) clientVanishes(t *testing.T) {
	dir := t.TempDir()
	opts, err := typeurl.MarshalAnyToProto(&options.CheckpointOptions{ImagePath: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("client", func(t *testing.T) { // whose end closes the connection
		api := s.d.Client(t).TaskService()
		if _, err := api.Pause(t.Context(), &tasks.PauseTaskRequest{ContainerID: s.ID}); err != nil {
			t.Fatal(err)
		}
		if _, err := api.Checkpoint(t.Context(), &tasks.CheckpointTaskRequest{ContainerID: s.ID, Options: opts}); err != nil {
			t.Fatal(err)
		}
		if _, err := manifest.Verify(t.Context(), dir); err != nil {
			t.Errorf("before the watchdog: %v", err)
		}
	})
	s.bitten(t)
	if _, err := manifest.Verify(t.Context(), dir); !errors.Is(err, manifest.ErrPoisoned) {
		t.Errorf("after the watchdog: %v", err)
	}
	if _, err := s.d.Client(t).TaskService().Resume(t.Context(), &tasks.ResumeTaskRequest{ContainerID: s.ID}); err != nil {
		t.Errorf("late resume: %v", err)
	}
	s.healthy(t)
}

// longCapture keeps the container frozen for longer than it may be.
func (s *subject) longCapture(t *testing.T) {
	s.d.Fail(t, "checkpoint.capture", "sleep 12s")
	s.refused(t, "[lull:timeout]", "the watchdog thawed the container")
	s.WaitRecord(t, "the watchdog thaws", thawed)
	s.healthy(t)
	s.captures = s.d.Captures(t)
}

// clientFinishesLater has ctr make a whole image of a checkpoint that the
// watchdog has ended. Nothing can be restored from it, and nothing is lost.
func (s *subject) clientFinishesLater(t *testing.T) {
	ref := harness.Name(t, "image")
	c := s.stopClient(t, ref)
	s.WaitRecord(t, "the watchdog thaws", thawed)
	s.load.Wait(t, 5)
	c.Signal(t, unix.SIGCONT)
	if o := c.Wait(t); o.Code != 0 {
		t.Fatal(o)
	}
	s.healthy(t)
	s.Kill(t)
	s.Remove(t)
	mustRefuse(t, s.d.TryCtr(t, "containers", "restore", "--rw", "--live", s.ID, ref), "[lull:pending]", "unusable")
	s.WaitStatus(t, harness.NoTask)
	s.Remove(t)
	s.cold(t)
}

// cold starts the database anew on its volume: everything acknowledged is there.
func (s *subject) cold(t *testing.T) {
	t.Helper()
	s.d.Postgres(t, harness.PostgresOptions{Volume: s.Volume, ContainerOptions: harness.ContainerOptions{ID: s.ID}})
	s.load.Wait(t, 2)
	s.load.Check(t, ledger.Intact())
}
