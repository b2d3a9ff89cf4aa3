package e2e

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// daemonRestarts restart containerd under a database. The shim serves on.
func daemonRestarts(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	s := subjectOn(t, d, nil)
	restart := func(t *testing.T) {
		t.Helper()
		if err := d.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("running", func(t *testing.T) {
		restart(t)
		s.healthy(t)
		s.checkpoint(t)
	})
	t.Run("paused", func(t *testing.T) {
		d.Ctr(t, "tasks", "pause", s.ID)
		restart(t)
		s.WaitStatus(t, harness.Paused)
		d.Ctr(t, "tasks", "resume", s.ID)
		s.healthy(t)
		s.checkpoint(t)
	})
	t.Run("checkpoint", func(t *testing.T) {
		c := s.hangAt(t, "checkpoint.dump")
		restart(t)
		d.Unfail(t, "checkpoint.dump") // ctr's resume comes by the new daemon, and waits for the dump
		mustRefuse(t, c.Wait(t))
		s.healthy(t)
		s.checkpoint(t)
	})
}
