package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// run is one database from its start to its end, over a checkpoint and a
// restore.
type run struct {
	d       *harness.Daemon
	pg      *harness.Postgres
	load    *harness.Load
	pgbench *ledger.RunningPgbench
	answers []ledger.Answer // of the tutorial's queries, at the cut

	ref                  string
	manifest             *manifest.Manifest
	start, end, restored time.Duration // on the log's clock
	times                []string      // what took how long
}

// begin starts a database with the tutorial's table, and the ledger's load.
func begin(t *testing.T, d *harness.Daemon, o harness.PostgresOptions) *run {
	t.Helper()
	r := &run{d: d, pg: d.Postgres(t, o)}
	if err := r.pg.SetupTutorial(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.answers = r.ask(t)
	r.load = r.pg.Load(t, 3)
	r.load.Wait(t, 20)
	return r
}

func (r *run) ask(t *testing.T) []ledger.Answer {
	t.Helper()
	a, err := r.pg.TutorialAnswers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (r *run) time(what string, f func()) {
	began := time.Now()
	f()
	r.times = append(r.times, fmt.Sprintf("%-32s %8.1f ms", what, float64(time.Since(began).Microseconds())/1000))
}

func (r *run) cut(t *testing.T, w way) {
	t.Helper()
	r.time("checkpoint", func() {
		r.start, r.end = r.load.Cut(func() { r.ref = w.checkpoint(t, r) })
	})
}

// comeBack restores, and waits for the first answered query.
func (r *run) comeBack(t *testing.T, w way) {
	t.Helper()
	r.restored = r.load.Log.Now()
	r.time("restore to the first answer", func() {
		r.time("restore", func() { w.restore(t, r) })
		r.pg.WaitAnswer(t)
	})
}

// asAtCut asks what nothing has changed since the restore.
func (r *run) asAtCut(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(r.answers, r.ask(t)); diff != "" {
		t.Errorf("the tutorial's answers (-at the cut +restored):\n%s", diff)
	}
	rec := r.pg.Record(t)
	if rec.Phase != state.Open || rec.Checkpoint != r.manifest.ID || len(rec.Checked) == 0 {
		t.Errorf("lull's record: %+v", rec)
	}
}

// goesOn sees the loads write to the restored database, and judges it.
func (r *run) goesOn(t *testing.T) {
	t.Helper()
	r.pg.Exec(t, `INSERT INTO test_data (name, value) VALUES ('after the restore', 1)`)
	r.load.Wait(t, 20)
	r.pgbenchGoesOn(t)
	report := r.load.Check(t, ledger.Continues(r.start, r.end, r.restored))
	r.times = append(r.times, fmt.Sprintf("stall: %s", r.load.Log.History().Stalls(r.start, r.end).Overall), report.String())
}

func (r *run) pgbenchGoesOn(t *testing.T) {
	t.Helper()
	const written = `SELECT count(*) FROM pgbench_history`
	before := r.pg.Query(t, written)
	harness.Eventually(t, "pgbench writes again", func() bool { return r.pg.Query(t, written) != before })
	r.pgbench.Stop()
	r.pg.CheckPgbench(t)
}

// released waits until the server has dropped what lull held in it.
func (r *run) released(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "no session of lull's is left", func() bool {
		return r.pg.Query(t, `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lull'`) == "0"
	})
}

// unlocked looks for what the image may have brought along: sessions of before
// the cut, their locks, a freezer that still freezes. Both loads have ended.
func (r *run) unlocked(t *testing.T) {
	t.Helper()
	const sessions = `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
	harness.Eventually(t, "all sessions of before the cut are gone", func() bool { return r.pg.Query(t, sessions) == "0" })
	if n := r.pg.Query(t, `SELECT count(*) FROM pg_prepared_xacts`); n != "0" {
		t.Errorf("%s prepared transactions", n)
	}
	r.pg.Exec(t, `SET lock_timeout = '1s'; BEGIN; LOCK TABLE test_data, ledger_entry, ledger_leg, ledger_account; COMMIT`)
	if frozen, err := r.pg.Freezer(t).Frozen(); err != nil || frozen {
		t.Errorf("the kernel says frozen: %t, %v", frozen, err)
	}
	r.pg.WaitStatus(t, harness.Running)
}

func (r *run) leavesNothing(t *testing.T) {
	t.Helper()
	r.pg.Remove(t)
	r.pg.NoTraces(t)
}

// String is the table of times.
func (r *run) String() string {
	lines := append([]string{fmt.Sprintf("%-32s %8.1f ms", "frozen, by the manifest", r.manifest.FrozenMillis)}, r.times...)
	return strings.Join(lines, "\n")
}
