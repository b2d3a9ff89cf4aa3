package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// agentFaults kill the agent while it holds a fence. The sequence hangs, so
// that only the agent's death can have let the writers go on.
func agentFaults(t *testing.T) {
	s := newSubject(t, fenced("lull/require", "crash-consistent"))
	strict := newSubject(t, fenced("lull/require", "clean"))
	for _, step := range []string{"prove", "freeze"} {
		t.Run("killed at "+step, func(t *testing.T) { killAgent(t, s, step, "") })
		t.Run("killed at "+step+", clean required", func(t *testing.T) { killAgent(t, strict, step, "[lull:level]") })
	}
}

// killAgent kills the agent while the sequence hangs before a step. The
// checkpoint is then refused, or is none that claims a fence.
func killAgent(t *testing.T, s *subject, step, refusal string) {
	failpoint, dir := "checkpoint."+step, t.TempDir()
	s.d.Fail(t, failpoint, "hang")
	c := s.d.StartCtr(t, "tasks", "checkpoint", "--image-path", dir, s.ID)
	harness.Eventually(t, "it hangs behind a fence", func() bool { return s.d.Hangs(failpoint) && s.ours(t, "ShareLock") != "0" })
	waiting := s.load.Log.AckedBy(0)

	agents := harness.AgentPIDs(s.shim)
	if len(agents) != 1 {
		t.Fatalf("agents: %v", agents)
	}
	if err := unix.Kill(agents[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.load.Wait(t, 2)
	if c.Ended() {
		t.Fatalf("the sequence did not hang, so it proves nothing: %s", c.Wait(t))
	}
	t.Logf("client 0 had %d acknowledgements behind the fence, %d after the kill", waiting, s.load.Log.AckedBy(0))

	s.d.Unfail(t, failpoint)
	o := c.Wait(t)
	if refusal != "" {
		mustRefuse(t, o, refusal, "agent")
		s.noCapture(t)
	} else {
		unfenced(t, s, o, dir)
	}
	s.healthy(t)
	if m := s.checkpoint(t); m.Reached.Level != manifest.Clean {
		t.Logf("the next checkpoint: %s, %d in flight", m.Reached.Level, m.Transactions.InFlight)
	}
}

// unfenced is a checkpoint that was taken and says that its fence fell.
func unfenced(t *testing.T, s *subject, o harness.Output, dir string) {
	t.Helper()
	if o.Code != 0 {
		t.Fatal(o)
	}
	m, err := manifest.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.forget(t, m)
	if m.Reached.Fenced || m.Reached.Level == manifest.Clean || len(m.Held) > 0 || len(m.Reached.Warnings) == 0 {
		t.Errorf("it claims a fence: %+v, held %v", m.Reached, m.Held)
	}
}
