package engines

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// containerds are the lab's parts by version; the newest is no part of its own.
var containerds = map[string]string{"1.7": "containerd-1.7", "2.1": "containerd-2.1", "2.4": ""}

var databases = []string{"postgres 17", "mysql 9.7", "redis 8.0"}

// One shim serves containerd 1.7, which speaks version 2 of the task API, and
// everything newer.
func TestContainerd(t *testing.T) {
	for version, part := range containerds {
		t.Run(version, func(t *testing.T) {
			d := harness.Start(t, harness.Options{Engine: part})
			for _, database := range databases {
				for how, way := range ways {
					t.Run(strings.ReplaceAll(database+"/"+how, " ", "-"), func(t *testing.T) {
						harness.FillCell(t, "containerd", version, database, how)
						newRun(t, d, database).there(t, way)
					})
				}
			}
		})
	}
}

// way is one way to checkpoint a database, to lose it and to have it back.
type way struct {
	checkpoint func(*testing.T, *run) (ref string)
	lose       func(*testing.T, *run)
	restore    func(*testing.T, *run)
}

var ways = map[string]way{
	"leave running": {ctrCheckpoint, kill, ctrRestore},
	"stop":          {ctrExit, stopped, lullRestore},
}

func ctrCheckpoint(t *testing.T, r *run) string {
	ref := harness.Name(t, "cp") + ":latest"
	r.d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", r.db.ID, ref)
	return ref
}

// kill loses a database that wrote on after its checkpoint.
func kill(t *testing.T, r *run) {
	r.load.Wait(t, 5)
	r.db.Kill(t)
	r.db.Remove(t)
}

func ctrRestore(t *testing.T, r *run) {
	r.d.Ctr(t, "containers", "restore", "--rw", "--live", r.db.ID, r.ref)
}

func ctrExit(t *testing.T, r *run) string {
	words := strings.Fields(r.d.Ctr(t, "tasks", "checkpoint", "--exit", r.db.ID))
	return words[len(words)-1]
}

func stopped(t *testing.T, r *run) {
	r.db.WaitStatus(t, harness.Stopped, harness.NoTask)
	r.db.Remove(t)
}

func lullRestore(t *testing.T, r *run) { r.d.Lull(t, "restore", r.ref) }

// run is one database from its start to its end.
type run struct {
	d    *harness.Daemon
	db   *harness.Database
	load *harness.Load
	ref  string
}

// newRun starts a database with clients that write; flags are ctr run's.
func newRun(t *testing.T, d *harness.Daemon, database string, flags ...string) *run {
	t.Helper()
	r := &run{d: d, db: d.Database(t, database, harness.ContainerOptions{
		Flags:       flags,
		Annotations: map[string]string{"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/restore-deadline": "3m"},
	})}
	r.load = harness.LoadOn(t, r.db.Store, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	r.load.Wait(t, 5)
	return r
}

// there and back again, judged by what the clients were told.
func (r *run) there(t *testing.T, w way) {
	start, end := r.load.Cut(func() { r.ref = w.checkpoint(t, r) })
	w.lose(t, r)
	restored := r.load.Log.Now()
	w.restore(t, r)
	r.db.WaitAnswer(t)
	r.load.Wait(t, 5)
	r.load.Check(t, ledger.Continues(start, end, restored))
	r.measured(t)
	r.nothingExtracted(t)
	r.db.Remove(t)
	r.db.NoTraces(t)
}

// measured: a restored task has metrics like any other.
func (r *run) measured(t *testing.T) {
	t.Helper()
	if text := r.d.Ctr(t, "tasks", "metrics", r.db.ID); !strings.Contains(text, "memory") {
		t.Errorf("metrics of the restored task: %s", text)
	}
}

// nothingExtracted looks for the folders that the daemon extracts checkpoints
// into and forgets.
func (r *run) nothingExtracted(t *testing.T) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(r.d.Temp(), "ctrd-checkpoint*")); len(left) > 0 {
		t.Errorf("left of restores: %v", left)
	}
}
