package mongo

import (
	"os/exec"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// The fake under a load of transactions is checkpointed, flushed by default or
// fenced, and comes back as it was at the cut, with nothing locked: on the
// original, on the warm copy, and on a cold start of what was captured.
func TestJob(t *testing.T) {
	t.Run("left-running", func(t *testing.T) { job(t, true, fenced("lull/require", "clean"), manifest.Clean) })
	t.Run("stopped", func(t *testing.T) { job(t, false, fenced("lull/require", "clean"), manifest.Clean) })
	t.Run("flushed", func(t *testing.T) {
		job(t, true, annotations("lull/on-drift", "rollback", "lull/pause-budget", "1m"), manifest.Flushed)
	})
}

func job(t *testing.T, running bool, a map[string]string, level manifest.Level) {
	d := harness.Shared(t)
	db := run(t, a)
	load := harness.LoadOn(t, db.Store(), trickle())
	load.Wait(t, 20)
	var ref string
	start, end := load.Cut(func() { ref = checkpoint(t, db, running) })
	m := d.Manifest(t, ref)
	if m.Reached.Level != level || len(m.Held) > 0 != (level == manifest.Clean) {
		t.Errorf("reached %+v, held %+v", m.Reached, m.Held)
	}
	t.Logf("frozen for %.1f ms; %+v", m.FrozenMillis, m.Steps)
	if running {
		load.Wait(t, 20) // the original goes on
		db.Kill(t)
	}
	db.WaitStatus(t, harness.Stopped, harness.NoTask)
	startsCold(t, load, m, ledger.AtCut(start, end), level)
	db.Remove(t)
	restored := load.Log.Now()
	if running {
		d.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	} else {
		d.Lull(t, "restore", ref)
	}
	db.WaitAnswer(t)
	if db.Locked(t) {
		t.Error("the restored server is locked")
	}
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	db.Remove(t)
	db.NoTraces(t)
}

func checkpoint(t *testing.T, db *harness.Mongo, running bool) string {
	t.Helper()
	ref := harness.Name(t, "cp") + ":latest"
	if running {
		db.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", db.ID, ref)
	} else {
		db.Daemon.Lull(t, "checkpoint", "--exit", db.ID, ref)
	}
	return ref
}

// startsCold starts a server on a copy of what was captured.
func startsCold(t *testing.T, load *harness.Load, m *manifest.Manifest, x ledger.Expect, level manifest.Level) {
	t.Helper()
	d := harness.Shared(t)
	volume := d.Volume(t)
	if out, err := exec.Command("cp", "-aT", m.Volumes[0].Capture.Path, volume).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	cold := d.FakeMongo(t, harness.MongoOptions{Volume: volume})
	if cold.Locked(t) {
		t.Error("the cold copy is locked")
	}
	state, err := cold.Store().Read(within(t))
	must(t, err)
	report, err := ledger.Check(load.Log.History(), state, x)
	must(t, err)
	if report.Err() != nil {
		t.Errorf("what was captured, started cold, is not the cut (%s):\n%s", level, report)
	}
	cold.Remove(t)
}
