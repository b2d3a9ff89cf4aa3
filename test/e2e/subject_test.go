package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// subject is a PostgreSQL under load that a fault must not hurt.
type subject struct {
	*harness.Postgres
	d        *harness.Daemon
	load     *harness.Load
	pid      int // of the container's first process
	shim     int
	captures []string // what the store had before
}

// newSubject runs a PostgreSQL on the shared daemon, with a load.
func newSubject(t *testing.T, annotations map[string]string) *subject {
	t.Helper()
	return subjectOn(t, harness.Shared(t), annotations)
}

func subjectOn(t *testing.T, d *harness.Daemon, annotations map[string]string) *subject {
	t.Helper()
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Annotations: annotations}})
	s := &subject{Postgres: pg, d: d, load: pg.LoadLike(t, trickle()), pid: pg.PID(t), shim: pg.ShimPID(t), captures: d.Captures(t)}
	s.load.Wait(t, 2)
	return s
}

// trickle is a load that leaves the machine to what is tested.
func trickle() ledger.Load { return ledger.Load{Clients: 3, Pause: 10 * time.Millisecond} }

// fenced are the annotations of a container that is fenced.
func fenced(more ...string) map[string]string {
	return annotations(append(more, "lull/mode", "fence")...)
}

func annotations(pairs ...string) map[string]string {
	m := map[string]string{}
	for p := range slices.Chunk(pairs, 2) {
		m[p[0]] = p[1]
	}
	return m
}

// healthy is what every fault must leave of a container that was not killed:
// the same process, running, unlocked, let in and written to.
func (s *subject) healthy(t *testing.T) {
	t.Helper()
	if pid := s.PID(t); pid != s.pid {
		t.Fatalf("the container's first process was %d and is %d", s.pid, pid)
	}
	s.WaitStatus(t, harness.Running)
	if frozen, err := s.Freezer(t).Frozen(); err != nil || frozen {
		t.Errorf("the kernel says frozen: %t, %v", frozen, err)
	}
	s.load.Wait(t, 2)
	s.unlocked(t)
	harness.Eventually(t, "no agent is left", func() bool { return len(harness.AgentPIDs(s.shim)) == 0 })
	s.d.Ctr(t, "tasks", "exec", "--exec-id", harness.Name(t, "x"), s.ID, "true")
	if r := s.Record(t); r.Phase != state.Open {
		t.Errorf("lull's record says %q", r.Phase)
	}
}

// unlocked waits until the server has let go of whatever an agent held.
func (s *subject) unlocked(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "no session of lull's is left", func() bool { return s.ours(t, "") == "0" })
}

// ours counts lull's sessions in the server, or its locks of one mode.
func (s *subject) ours(t *testing.T, mode string) string {
	t.Helper()
	if mode == "" {
		return s.Query(t, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lull'`)
	}
	return s.Query(t, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE a.application_name = 'lull' AND l.granted AND l.mode = $1`, mode)
}

// noCapture looks for what a failed checkpoint left in the store.
func (s *subject) noCapture(t *testing.T) {
	t.Helper()
	if now := s.d.Captures(t); !slices.Equal(now, s.captures) {
		t.Errorf("the store had %q and has %q", s.captures, now)
	}
}

// refused takes a checkpoint that must fail, with these words in the error.
func (s *subject) refused(t *testing.T, words ...string) harness.Output {
	t.Helper()
	o := s.d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
	mustRefuse(t, o, words...)
	return o
}

func mustRefuse(t *testing.T, o harness.Output, words ...string) {
	t.Helper()
	if o.Code == 0 {
		t.Errorf("it succeeded: %s", o)
	}
	for _, w := range words {
		if !strings.Contains(o.Stderr, w) {
			t.Errorf("no %q in: %s", w, o)
		}
	}
}

// checkpoint takes a checkpoint into a folder and gives its manifest, sealed.
func (s *subject) checkpoint(t *testing.T) *manifest.Manifest {
	t.Helper()
	dir := t.TempDir()
	began := time.Now()
	s.d.Ctr(t, "tasks", "checkpoint", "--image-path", dir, s.ID)
	t.Logf("a checkpoint: %s", time.Since(began).Round(time.Millisecond))
	m, err := manifest.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.forget(t, m)
	return m
}

// forget removes what a checkpoint captured, for noCapture.
func (s *subject) forget(t *testing.T, m *manifest.Manifest) {
	t.Helper()
	for _, v := range m.Volumes {
		if v.Capture == nil {
			continue
		}
		if err := os.RemoveAll(v.Capture.Store); err != nil {
			t.Error(err)
		}
	}
}
