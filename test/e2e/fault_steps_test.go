package e2e

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// stepFaults fail every step of the checkpoint.
func stepFaults(t *testing.T) {
	s := newSubject(t, fenced())
	for _, step := range engine.CheckpointSteps() {
		t.Run(step, func(t *testing.T) {
			s.d.Fail(t, "checkpoint."+step, "error")
			if step == "survey" {
				s.failedSurvey(t)
			} else {
				t.Log(s.refused(t, "failpoint checkpoint."+step))
			}
			s.healthy(t)
			s.noCapture(t)
		})
	}
	t.Run("then none", func(t *testing.T) { s.checkpoint(t) })
}

// failedSurvey is of the one step that only informs.
func (s *subject) failedSurvey(t *testing.T) {
	t.Helper()
	m := s.checkpoint(t)
	if !slices.ContainsFunc(m.Reached.Warnings, func(w string) bool { return strings.Contains(w, "failpoint") }) {
		t.Errorf("warnings: %q", m.Reached.Warnings)
	}
}

// clientKills kill ctr during steps. A bare pause is the user's business and
// is ended by a resume; from the Checkpoint call on it is the watchdog's.
func clientKills(t *testing.T) {
	s := newSubject(t, fenced("lull/max-frozen", "10s"))
	for _, step := range []string{"flush", "prove", "freeze"} {
		t.Run("pause, "+step, func(t *testing.T) {
			s.killClient(t, step)
			s.WaitStatus(t, harness.Paused)
			s.d.Ctr(t, "tasks", "resume", s.ID)
			s.healthy(t)
			s.noCapture(t)
		})
	}
	for _, step := range []string{"require", "capture", "dump", "seal"} {
		t.Run("checkpoint, "+step, func(t *testing.T) {
			s.killClient(t, step)
			s.WaitRecord(t, "the watchdog thaws", func(r state.Record) bool {
				return r.Phase == state.Open && strings.Contains(r.Error, "watchdog")
			})
			s.healthy(t)
			s.captures = s.d.Captures(t) // a poisoned one is marked there
			s.checkpoint(t)
		})
	}
}

// killClient kills ctr while the sequence hangs before a step, which then goes on.
func (s *subject) killClient(t *testing.T, step string) {
	t.Helper()
	failpoint := "checkpoint." + step
	s.d.Fail(t, failpoint, "hang")
	c := s.d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
	harness.Eventually(t, "the sequence hangs at "+step, func() bool { return s.d.Hangs(failpoint) })
	c.Signal(t, unix.SIGKILL)
	c.Wait(t)
	s.d.Unfail(t, failpoint)
}
