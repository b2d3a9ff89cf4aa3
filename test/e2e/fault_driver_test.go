package e2e

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// driverFaults have the driver go wrong in its own process, call by call. Each
// costs the checkpoint, in words, and the container nothing.
func driverFaults(t *testing.T) {
	everywhere := []string{"open", "preflight", "flush", "drain", "fence", "in-flight", "evidence", "ping"}
	tests := []struct {
		action string
		calls  []string
		words  []string
	}{
		{"panic", everywhere, []string{"the agent has a driver that panicked in "}},
		{"exit", everywhere, []string{"the agent died in "}},
		{"hang", []string{"flush", "evidence"}, []string{"the agent was killed: no answer to "}},
		{"eat", []string{"flush", "fence"}, []string{"the agent died in "}},
	}
	s := newSubject(t, fenced("lull/pause-budget", "4s"))
	for _, tt := range tests {
		for _, call := range tt.calls {
			t.Run(tt.action+"/"+call, func(t *testing.T) {
				s.driverFails(t, call, tt.action, append(tt.words, call, "[lull:", "crash-consistent")...)
			})
		}
		s.checkpoint(t)
	}
}

// driverFails has the agent take a fault. The agent may not remove the
// failpoint's file itself.
func (s *subject) driverFails(t *testing.T, call, action string, words ...string) {
	t.Helper()
	failpoint := "agent." + call
	s.d.Fail(t, failpoint, action)
	o := s.refused(t, words...)
	s.d.Unfail(t, failpoint)
	t.Logf("%s", o)
	s.healthy(t)
	s.noCapture(t)
	if st := s.Status(t); st != harness.Running {
		t.Errorf("status %q", st)
	}
}
