package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/lull-containers/lull/test/ledger"
)

const (
	accounts = 64
	clients  = 4
)

// load is what writes to a database: ledger clients, whose every
// acknowledgement is logged, and PostgreSQL's own pgbench.
type load struct {
	db      *database
	log     *ledger.Log
	bench   ledger.Pgbench
	entries *ledger.Running        // nil: stopped
	noise   *ledger.RunningPgbench // nil: stopped
	undone  []ledger.Rollback      // of the database, so far
}

func newLoad(d *database, pgbench string) *load {
	return &load{db: d, log: ledger.NewLog(nil),
		bench: ledger.Pgbench{Server: d.PostgreSQL, Program: pgbench, Scale: 2, Clients: 2, Jobs: 1}}
}

// setUp makes the tables: the tutorial's, the ledger's and pgbench's.
func (l *load) setUp(ctx context.Context) error {
	if err := l.db.SetupTutorial(ctx); err != nil {
		return err
	}
	if err := l.db.Setup(ctx, accounts); err != nil {
		return err
	}
	return l.bench.Init(ctx)
}

func (l *load) start(ctx context.Context) (err error) {
	l.entries, err = ledger.Load{Store: l.db.Store(), Log: l.log, Clients: clients, Accounts: accounts}.Start(ctx)
	if err == nil {
		l.noise = l.bench.Start(ctx)
	}
	return err
}

// stop waits for what is under way; it may be repeated.
func (l *load) stop() {
	if l.noise != nil {
		l.noise.Stop()
	}
	if l.entries != nil {
		l.entries.Stop()
	}
	l.entries, l.noise = nil, nil
}

// write lets the load go on for a while, and sees that it does.
func (l *load) write(ctx context.Context, atLeast time.Duration) error {
	timer := time.NewTimer(atLeast)
	defer timer.Stop()
	if err := l.entries.WaitAcked(ctx, 10); err != nil {
		return err
	}
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acked counts all acknowledgements so far.
func (l *load) acked() (n int64) {
	for c := range clients {
		n += l.log.AckedBy(c)
	}
	return n
}

// check reads the ledger while nobody writes and holds it against the log.
// With moved, every client must have been served after that instant.
func (l *load) check(ctx context.Context, moved time.Duration) (*ledger.Report, error) {
	state, err := l.db.Store().Read(ctx)
	if err != nil {
		return nil, err
	}
	r, err := ledger.Check(l.log.History(), state, ledger.Expect{Rollbacks: l.undone, ProgressAfter: moved})
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return r, nil
}
