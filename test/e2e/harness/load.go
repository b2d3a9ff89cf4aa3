package harness

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/ledger"
)

// accounts of every ledger of the tests.
const accounts = 64

// Load is a ledger load on a database, with its log.
type Load struct {
	*ledger.Running
	Log   *ledger.Log
	store ledger.Store
}

// Load makes a ledger and starts clients, which go on, over restores too,
// until the test ends or stops them.
func (p *Postgres) Load(t testing.TB, clients int) *Load {
	t.Helper()
	return p.LoadLike(t, ledger.Load{Clients: clients})
}

// LoadLike is Load with the pauses and timeouts of the caller's choice.
func (p *Postgres) LoadLike(t testing.TB, like ledger.Load) *Load {
	t.Helper()
	return LoadOn(t, p.Store(), like)
}

// LoadOn is LoadLike on any database.
func LoadOn(t testing.TB, store ledger.Store, like ledger.Load) *Load {
	t.Helper()
	if err := store.Setup(t.Context(), accounts); err != nil {
		t.Fatal(err)
	}
	l := &Load{store: store}
	var err error
	if l.Log, err = ledger.CreateLog(filepath.Join(t.TempDir(), "acks.jsonl")); err != nil {
		t.Fatal(err)
	}
	like.Store, like.Log, like.Accounts = l.store, l.Log, accounts
	l.Running, err = like.Start(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Stop()
		if err := l.Log.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Wait waits until every client received n more acknowledgements.
func (l *Load) Wait(t testing.TB, n int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := l.WaitAcked(ctx, n); err != nil {
		t.Fatalf("the load does not go on: %v", err)
	}
}

// Cut runs what makes a checkpoint and gives the times around it, for the
// expectations of the ledger.
func (l *Load) Cut(makeIt func()) (start, end time.Duration) {
	start = l.Log.Now()
	makeIt()
	return start, l.Log.Now()
}

// Check stops the load, reads the ledger from its database and holds it
// against the log.
func (l *Load) Check(t testing.TB, x ledger.Expect) *ledger.Report {
	t.Helper()
	l.Stop()
	return l.check(t, l.store, x)
}

// CheckCopy holds another server's ledger against the log, a clone's for
// example, which the load does not write to. The load goes on.
func (l *Load) CheckCopy(t testing.TB, p *Postgres, x ledger.Expect) *ledger.Report {
	t.Helper()
	return l.check(t, p.Store(), x)
}

func (l *Load) check(t testing.TB, store ledger.Store, x ledger.Expect) *ledger.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	state, err := store.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ledger.Check(l.Log.History(), state, x)
	if err != nil {
		t.Fatal(err)
	}
	if r.Err() != nil {
		t.Errorf("the database is not as it must be:\n%s", r)
	}
	return r
}

// Pgbench makes pgbench's tables and keeps its standard load going, over
// restores too, until the test ends or stops it. Its errors are in its result
// and fail nothing.
func (p *Postgres) Pgbench(t testing.TB, scale, clients int) *ledger.RunningPgbench {
	t.Helper()
	b := ledger.Pgbench{
		Server: p.PostgreSQL, Program: p.Container.Daemon.Lab.Path("pgbench"),
		Scale: scale, Clients: clients, Jobs: 1,
	}
	if err := b.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := b.Start(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { run.Stop() })
	return run
}
