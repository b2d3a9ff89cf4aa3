package sql

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// cycles of TestAIO; a hundred take a quarter of an hour.
func cycles() int { return harness.FullOr(3, 100) }

// InnoDB with native AIO is checkpointed and restored again and again while it
// writes, and is never torn and never hangs. Writers go on until the freeze,
// and the pages do not fit into its memory.
func TestAIO(t *testing.T) {
	d := harness.Shared(t)
	s := kind{product: "mysql", version: "9.7"}.run(t, d, options{
		annotations: patient("lull/mode", "flush", "lull/on-drift", "rollback"),
		args:        []string{"--innodb-buffer-pool-size=8M", "--innodb-io-capacity=2000", "--innodb-io-capacity-max=4000"},
	})
	if on, rings := s.query(t, "SELECT @@innodb_use_native_aio"), s.rings(t); on != "1" || rings == 0 {
		t.Fatalf("innodb_use_native_aio is %s, with %d rings", on, rings)
	}
	load := harness.LoadOn(t, s.store, trickle())
	s.fill(t)
	stop := s.churn(t)
	defer stop()
	var rollbacks []ledger.Rollback
	frozen := 0
	for n := range cycles() {
		load.Wait(t, 5)
		r, m := s.cycle(t, load, n%2 == 1)
		rollbacks = append(rollbacks, r)
		frozen += freezes(m)
		s.answer(t)
		t.Logf("cycle %d: frozen %d times", n+1, freezes(m))
	}
	load.Wait(t, 5)
	stop()
	t.Log(load.Check(t, ledger.Expect{Rollbacks: rollbacks, ProgressAfter: rollbacks[len(rollbacks)-1].Restored}))
	if n := s.query(t, "SELECT COUNT(filling) FROM ledger.filling"); n != "8192" { // reads every page
		t.Errorf("%s rows", n)
	}
	t.Logf("%d cycles, frozen %d times", cycles(), frozen)
	s.Remove(t)
	s.NoTraces(t)
}

// rings counts those that the server has mapped.
func (s *server) rings(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", s.PID(t)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(maps), "/[aio]")
}

// freezes are told by the step's note.
func freezes(m *manifest.Manifest) (n int) {
	for _, s := range m.Steps {
		if s.Name == "freeze" {
			_, _ = fmt.Sscanf(s.Note, "native AIO: frozen %d times", &n) // 0 without a note
		}
	}
	return n
}

// cycle checkpoints the server, leaves it running or not, loses it and has it
// back.
func (s *server) cycle(t *testing.T, load *harness.Load, running bool) (r ledger.Rollback, m *manifest.Manifest) {
	t.Helper()
	ref := harness.Name(t, "cp") + ":latest"
	r.CutStart, r.CutEnd = load.Cut(func() { s.image(t, ref, running) })
	m = s.inspect(t, ref)
	if m.Reached.Level == manifest.CrashConsistent || freezes(m) == 0 {
		t.Fatalf("level %+v, steps %+v", m.Reached, m.Steps)
	}
	if running {
		load.Wait(t, 2)
		s.Kill(t)
	}
	s.WaitStatus(t, harness.Stopped, harness.NoTask)
	s.Remove(t)
	r.Restored = load.Log.Now()
	s.Daemon.Lull(t, "restore", ref)
	s.drop(t, ref, m)
	return r, m
}

// inspect reads a manifest and no more: a hundred times every byte takes long.
func (s *server) inspect(t *testing.T, ref string) *manifest.Manifest {
	t.Helper()
	var seen struct {
		Manifest *manifest.Manifest `json:"manifest"`
	}
	if err := json.Unmarshal([]byte(s.Daemon.Lull(t, "--json", "inspect", ref)), &seen); err != nil || seen.Manifest == nil {
		t.Fatalf("inspect %s: %+v, %v", ref, seen, err)
	}
	return seen.Manifest
}

// image takes a checkpoint as an image.
func (s *server) image(t *testing.T, ref string, running bool) {
	t.Helper()
	if running {
		s.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref)
		return
	}
	s.Daemon.Lull(t, "checkpoint", "--exit", s.ID, ref)
}

// drop keeps the disk from filling up.
func (s *server) drop(t *testing.T, ref string, m *manifest.Manifest) {
	t.Helper()
	s.Daemon.Ctr(t, "images", "rm", "--sync", ref)
	for _, v := range m.Volumes {
		if v.Capture != nil {
			if err := os.RemoveAll(v.Capture.Store); err != nil {
				t.Error(err)
			}
		}
	}
}

// fill makes a table that is larger than the buffer pool.
func (s *server) fill(t *testing.T) {
	t.Helper()
	s.query(t, `CREATE TABLE ledger.filling (n int AUTO_INCREMENT PRIMARY KEY, v int DEFAULT 0, filling varchar(2000)) ENGINE=InnoDB`)
	s.query(t, `INSERT INTO ledger.filling (filling) VALUES (REPEAT('x', 2000))`)
	for range 13 {
		s.query(t, `INSERT INTO ledger.filling (filling) SELECT filling FROM ledger.filling`)
	}
}
