package e2e

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// shimKills kill the shim in the middle of a checkpoint. The container dies
// with it, and nothing else: no process stays frozen, and the volume starts
// without loss.
func shimKills(t *testing.T) {
	for _, step := range []string{"prove", "dump", "seal"} {
		t.Run(step, func(t *testing.T) {
			s := newSubject(t, fenced())
			s.hangAt(t, "checkpoint."+step)
			s.killShim(t)
		})
	}
	t.Run("paused", func(t *testing.T) {
		s := newSubject(t, fenced())
		s.d.Ctr(t, "tasks", "pause", s.ID)
		s.killShim(t)
	})
}

// hangAt has a checkpoint hang in the shim.
func (s *subject) hangAt(t *testing.T, failpoint string) *harness.Command {
	t.Helper()
	s.d.Fail(t, failpoint, "hang")
	c := s.d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
	harness.Eventually(t, "it hangs at "+failpoint, func() bool { return s.d.Hangs(failpoint) })
	return c
}

func (s *subject) killShim(t *testing.T) {
	t.Helper()
	agents := harness.AgentPIDs(s.shim)
	if err := unix.Kill(s.shim, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.WaitStatus(t, harness.NoTask)
	s.NoTraces(t)
	harness.Eventually(t, "the agents are gone", func() bool {
		return !slices.ContainsFunc(agents, func(pid int) bool { return unix.Kill(pid, 0) == nil })
	})
	s.Remove(t)
	s.cold(t)
}

// containerKills have the user kill the container, whatever lull is doing.
func containerKills(t *testing.T) {
	t.Run("quiesce", func(t *testing.T) {
		s := newSubject(t, fenced("lull/pause-budget", "10m")) // no test waits for that
		s.d.Fail(t, "agent.flush", "hang")
		c := s.d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
		harness.Eventually(t, "an agent talks", func() bool { return len(harness.AgentPIDs(s.shim)) > 0 && s.ours(t, "") != "0" })
		s.killed(t, c)
	})
	t.Run("paused", func(t *testing.T) {
		s := newSubject(t, nil)
		s.d.Ctr(t, "tasks", "pause", s.ID)
		s.killed(t, nil)
	})
	t.Run("frozen", func(t *testing.T) {
		s := newSubject(t, nil)
		c := s.hangAt(t, "checkpoint.dump")
		s.d.Ctr(t, "tasks", "kill", "--signal", "SIGKILL", s.ID)
		s.d.Unfail(t, "checkpoint.dump")
		mustRefuse(t, c.Wait(t))
		s.WaitStatus(t, harness.Stopped)
		s.ended(t)
	})
	t.Run("dump", func(t *testing.T) {
		s := newSubject(t, nil)
		c := s.d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
		s.WaitRecord(t, "the dump", func(r state.Record) bool { return r.Phase == state.Dumping })
		harness.Eventually(t, "CRIU works", func() bool { return harness.HasCRIU(s.shim) || c.Ended() })
		if c.Ended() {
			t.Fatalf("too fast to be met: %s", c.Wait(t))
		}
		s.killed(t, c)
	})
}

// killed kills the container and sees that everything ends: the task, a
// checkpoint that is under way, and all that lull kept. The volume is whole.
func (s *subject) killed(t *testing.T, checkpoint *harness.Command) {
	t.Helper()
	s.Kill(t)
	if checkpoint != nil {
		t.Log(checkpoint.Wait(t))
	}
	s.ended(t)
}

// ended sees that everything of a task that was killed ends with it, and that
// the volume is whole.
func (s *subject) ended(t *testing.T) {
	t.Helper()
	s.Remove(t)
	s.NoTraces(t)
	s.cold(t)
}
