package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A transaction that a client holds open over the checkpoint goes on and
// commits on the original. In the restored copy it is rolled back: nobody sees
// its rows, and nothing waits for its locks.
func TestOpenTransaction(t *testing.T) {
	d := harness.Shared(t)
	t.Run("flush", func(t *testing.T) {
		m := openTransaction(t, d, annotations("lull/on-drift", "rollback"))
		if m.Reached.Level != manifest.Flushed {
			t.Errorf("level %+v", m.Reached)
		}
	})
	t.Run("fence", func(t *testing.T) {
		m := openTransaction(t, d, fenced("lull/on-drift", "rollback", "lull/require", "crash-consistent", "lull/pause-budget", "2s"))
		why := strings.Join(m.Reached.Warnings, "; ")
		if m.Reached.Level == manifest.Clean || m.Reached.Fenced || len(m.Held) > 0 || !strings.Contains(why, "fence") {
			t.Errorf("a fence with a writer behind it, and the manifest says %+v, held %v", m.Reached, m.Held)
		}
	})
}

func openTransaction(t *testing.T, d *harness.Daemon, a map[string]string) *manifest.Manifest {
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Annotations: a}})
	if err := pg.SetupTutorial(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := tutorial(t, pg)
	conn, tx := open(t, pg)
	ref := ctrCheckpoint(t, pg)
	m := d.Manifest(t, ref)
	if want := (manifest.Transactions{AtStart: 1, InFlight: 1}); m.Transactions != want {
		t.Errorf("transactions: %+v, not %+v", m.Transactions, want)
	}

	t.Log("on the original it goes on")
	commit(t, tx)
	if n := inserted(t, pg); n != "2" {
		t.Errorf("%s rows of the transaction after its commit, not 2", n)
	}
	conn.Close(context.WithoutCancel(t.Context()))
	pg.Kill(t)
	pg.Remove(t)

	t.Log("in the copy it is rolled back")
	d.Ctr(t, "containers", "restore", "--rw", "--live", pg.ID, ref)
	if diff := cmp.Diff(before, tutorial(t, pg)); diff != "" {
		t.Errorf("the tutorial's answers (-before the transaction +restored):\n%s", diff)
	}
	noneOpen(t, pg)
	pg.Remove(t)
	pg.NoTraces(t)
	return m
}

func tutorial(t *testing.T, pg *harness.Postgres) []ledger.Answer {
	t.Helper()
	a, err := pg.TutorialAnswers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// open does the tutorial's work and leaves it uncommitted: nobody sees it, and
// others wait for its rows.
func open(t *testing.T, pg *harness.Postgres) (*pgx.Conn, pgx.Tx) {
	t.Helper()
	conn, tx, err := pg.OpenTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if n := inserted(t, pg); n != "0" {
		t.Fatalf("%s rows of an uncommitted transaction are seen", n)
	}
	return conn, tx
}

// commit writes once more, and commits.
func commit(t *testing.T, tx pgx.Tx) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := tx.Exec(ctx, `INSERT INTO test_data (name, value) VALUES ('checkpoint_test', 1000)`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func inserted(t *testing.T, pg *harness.Postgres) string {
	t.Helper()
	return pg.Query(t, `SELECT count(*) FROM test_data WHERE name = 'checkpoint_test'`)
}

// noneOpen: the server drops what the image held of the transaction as soon as
// it sees that its client is gone; then its rows and tables are free.
func noneOpen(t *testing.T, pg *harness.Postgres) {
	t.Helper()
	harness.Eventually(t, "its session is gone", func() bool {
		return pg.Query(t, `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`) == "0"
	})
	pg.Exec(t, `SET lock_timeout = '1s'; UPDATE test_data SET value = value + 1; LOCK TABLE test_data; DROP TABLE test_data`)
}
