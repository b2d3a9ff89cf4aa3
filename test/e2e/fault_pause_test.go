package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// pauseFaults pause a database that cannot be talked to. A pause never fails
// because of lull, and freezes when its budget is spent.
func pauseFaults(t *testing.T) {
	t.Run("nobody is let in", func(t *testing.T) {
		s := newSubject(t, nil)
		s.load.Stop()
		rules := filepath.Join(s.Volume, "pg_hba.conf")
		before, err := os.ReadFile(rules)
		if err != nil {
			t.Fatal(err)
		}
		s.admit(t, rules, "host all all all reject\n")
		s.pausedAnyway(t, "[lull:database]")
		s.admit(t, rules, string(before))
	})
	t.Run("the server stands still", func(t *testing.T) {
		s := newSubject(t, annotations("lull/pause-budget", "3s"))
		s.signal(t, unix.SIGSTOP)
		s.pausedAnyway(t, "[lull:level]")
		s.signal(t, unix.SIGCONT)
		s.healthy(t)
		s.checkpoint(t)
	})
	t.Run("the process is not there", func(t *testing.T) {
		d := harness.Shared(t)
		c := d.Run(t, harness.ContainerOptions{Image: "postgres:17", Args: []string{"sleep", "1000"},
			Annotations: annotations("lull/engine", "postgres")})
		s := &subject{Postgres: c.AsPostgres(), d: d, captures: d.Captures(t)}
		s.pausedAnyway(t, "no process of the container listens on TCP")
	})
}

// admit replaces the server's rules about who may log in.
func (s *subject) admit(t *testing.T, path, rules string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s.signal(t, unix.SIGHUP)
}

func (s *subject) signal(t *testing.T, what unix.Signal) {
	t.Helper()
	if err := unix.Kill(s.pid, what); err != nil {
		t.Fatal(err)
	}
}

// pausedAnyway pauses, looks at what lull says, resumes, and has a checkpoint
// refused for the same reason.
func (s *subject) pausedAnyway(t *testing.T, code string) {
	t.Helper()
	o := s.d.TryCtr(t, "tasks", "pause", s.ID)
	if o.Code != 0 {
		t.Fatalf("a pause failed: %s", o)
	}
	s.WaitStatus(t, harness.Paused)
	frozen, err := s.Freezer(t).Frozen()
	r := s.Record(t)
	if err != nil || !frozen || r.Phase != state.Frozen || r.Level != "crash-consistent" || r.Error == "" {
		t.Errorf("frozen: %t, %v; lull says %s, level %s: %s", frozen, err, r.Phase, r.Level, r.Error)
	}
	if strings.Contains(r.Error, harness.Canary) {
		t.Error("the password is in lull's record")
	}
	t.Logf("paused in %s: %s", o.Took, r.Error)
	s.d.Ctr(t, "tasks", "resume", s.ID)
	s.WaitStatus(t, harness.Running)
	t.Log(s.refused(t, code, "crash-consistent"))
	s.noCapture(t)
}
