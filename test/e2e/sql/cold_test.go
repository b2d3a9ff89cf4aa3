package sql

import (
	"os"
	"os/exec"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// What was captured under a fence is the cut and clean, also for a server that
// knows nothing of lull and starts on a copy of it: what it finds are exactly
// the entries of the cut, its own log tells of no transaction rolled back and
// of next to nothing replayed, and it takes writes at once.
func TestColdStart(t *testing.T) {
	each(t, []string{"postgres18", "mysql9.7", "mariadb10.11", "redis8.0", "valkey9.1"},
		func(t *testing.T, k kind) { coldStart(t, k, manifest.Clean) })
}

// What was captured after a flush alone is the cut too, and although much was
// written before it, next to nothing is replayed.
func TestColdStartFlushed(t *testing.T) {
	each(t, []string{"postgres18", "mysql9.7", "mariadb11.8"}, func(t *testing.T, k kind) {
		if k.is("redis", "valkey") {
			t.Skip("an append-only file is replayed whole, however short ago it was flushed")
		}
		coldStart(t, k, manifest.Flushed)
	})
}

func coldStart(t *testing.T, k kind, level manifest.Level) {
	d := harness.Shared(t)
	mode := map[manifest.Level]string{manifest.Clean: "fence", manifest.Flushed: "flush"}[level]
	s := k.run(t, d, options{annotations: patient("lull/mode", mode, "lull/require", string(level))})
	load := harness.LoadOn(t, s.store, trickle())
	load.Wait(t, 20)
	if level == manifest.Flushed {
		s.ballast(t)
	}
	var m *manifest.Manifest
	start, end := load.Cut(func() { m = s.checkpoint(t) })
	if m.Reached.Level != level || level == manifest.Clean && m.Transactions.InFlight != 0 {
		t.Fatalf("reached %+v, transactions %+v", m.Reached, m.Transactions)
	}
	load.Wait(t, 2)
	load.Stop()
	s.Remove(t)

	cold := k.run(t, d, options{
		volume: copied(t, d, m), annotations: map[string]string{"lull/engine": "none"}, args: k.talkative(),
	})
	state, err := cold.store.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := ledger.Check(load.Log.History(), state, ledger.AtCut(start, end))
	if err != nil {
		t.Fatal(err)
	}
	if report.Err() != nil {
		t.Errorf("what was captured is not the cut:\n%s", report)
	}
	log, err := os.ReadFile(cold.Log)
	if err != nil {
		t.Fatal(err)
	}
	r := recoveryOf(k, string(log))
	if level == manifest.Flushed {
		r = r.flushed()
	}
	if !r.clean() {
		t.Errorf("the server's own log tells of %+v", r)
	}
	t.Logf("%d bytes replayed", r.replayed)
	if k.is("postgres") && level == manifest.Clean {
		cold.nothingAborted(t)
	}
	cold.unlocked(t)
	cold.Remove(t)
	if err := os.RemoveAll(m.Volumes[0].Capture.Store); err != nil {
		t.Error(err)
	}
}

// ballast writes about 20 MB, more than counts as next to nothing.
func (s *server) ballast(t *testing.T) {
	t.Helper()
	if s.is("postgres") {
		s.query(t, `CREATE TABLE ballast AS SELECT repeat('x', 1300) AS text FROM generate_series(1, 16384)`)
		return
	}
	s.query(t, `CREATE TABLE ledger.ballast (text varchar(1300))`)
	s.query(t, `INSERT INTO ledger.ballast VALUES (REPEAT('x', 1300))`)
	for range 14 {
		s.query(t, `INSERT INTO ledger.ballast SELECT text FROM ledger.ballast`)
	}
}

// copied is a volume with what was captured.
func copied(t *testing.T, d *harness.Daemon, m *manifest.Manifest) string {
	t.Helper()
	volume := d.Volume(t)
	if out, err := exec.Command("cp", "-aT", m.Volumes[0].Capture.Path, volume).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	return volume
}

// nothingAborted asks what became of the last transactions, because PostgreSQL
// does not log which ones were open.
func (s *server) nothingAborted(t *testing.T) {
	t.Helper()
	if n := s.query(t, `SELECT count(*) FROM
		(SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) x, generate_series(next - 100, next - 1) n
		WHERE pg_xact_status(n::text::xid8) <> 'committed'`); n != "0" {
		t.Errorf("%s of the last 100 transactions did not commit", n)
	}
}

// talkative are arguments that have the server tell how it recovered.
func (k kind) talkative() []string {
	if k.is("mysql") {
		return []string{"--log-error-verbosity=3"}
	}
	return nil
}
