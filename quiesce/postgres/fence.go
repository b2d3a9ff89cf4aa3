package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// fence is one transaction in one database that locks its tables against
// writers for as long as the connection lives.
type fence struct {
	database string
	conn     *pgx.Conn
	tables   []table
	first    []table // that some attempt did not get, the last one first
}

// The bounds of the pauses between two attempts.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 500 * time.Millisecond
)

// Fence locks every user table of every database IN SHARE MODE: who reads
// goes on, who writes waits. It tries again and again until ctx ends, letting
// go of everything between two attempts. Sequences, new tables and large
// objects are not fenced. A transaction that stays idle for hold ends by
// itself, and Ping puts that off. ErrFence says that the locks were not had.
func (s *session) Fence(ctx context.Context, hold time.Duration) (held []manifest.Held, err error) {
	if err := s.mayFence(hold); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.unfence(ctx)
		}
	}()
	if err := s.openFences(ctx, hold); err != nil {
		return nil, err
	}
	if err := s.lockAll(ctx); err != nil {
		return nil, err
	}
	for _, f := range s.fences {
		held = append(held, f.held())
	}
	return held, nil
}

func (s *session) mayFence(hold time.Duration) error {
	switch {
	case s.standby:
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "a standby of PostgreSQL cannot be fenced",
			Remedy: "use lull/mode=flush, or checkpoint its primary with it"}
	case len(s.fences) > 0:
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "the fence stands already"}
	case hold < time.Millisecond:
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: fmt.Sprintf("a fence cannot be held for %v", hold)}
	}
	return nil
}

func (f *fence) held() manifest.Held {
	return manifest.Held{
		Setting: fmt.Sprintf("LOCK TABLE IN SHARE MODE on %d tables of database %s", len(f.tables), strconv.Quote(f.database)),
		Release: "session",
	}
}

// lockAll attempts until every database is locked at once.
func (s *session) lockAll(ctx context.Context) error {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		failed := s.attempt(ctx)
		if failed == nil {
			return nil
		}
		s.rollBack(ctx)
		if !passing(failed) && ctx.Err() == nil {
			return fenceError(failed)
		}
		if err := wait.Sleep(ctx, pause); err != nil {
			return s.noMoment(ctx, err)
		}
	}
}

// noMoment says who may have held the fence up: a prepared transaction keeps its
// locks until somebody ends it, and is seen in no session.
func (s *session) noMoment(ctx context.Context, err error) error {
	r := &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrFence, err),
		What:   "no moment was found without a writer on some table",
		Remedy: "raise lull/pause-budget, end long write transactions, or use lull/mode=flush",
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	type prepared struct{ GID, Database string }
	all, asked := list[prepared](ctx, s, "asking for prepared transactions",
		`SELECT quote_literal(gid), database::text FROM pg_prepared_xacts ORDER BY prepared LIMIT 1`)
	if asked == nil && len(all) > 0 {
		r.What += fmt.Sprintf("; the prepared transaction %s of the database %s holds its locks", all[0].GID, strconv.Quote(all[0].Database))
		r.Remedy = fmt.Sprintf("COMMIT PREPARED %s, or ROLLBACK PREPARED %[1]s, if nobody else will; or %s", all[0].GID, r.Remedy)
	}
	return r
}

// attempt lists everything before it locks anything: the lock table of the
// server must not be filled up.
func (s *session) attempt(ctx context.Context) error {
	for _, f := range s.fences {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	if err := s.checkRoom(ctx); err != nil {
		return err
	}
	for _, f := range s.fences {
		if err := f.lock(ctx); err != nil {
			return err
		}
	}
	return nil
}

// rollBack lets go of all locks, so that nobody waits between two attempts.
// A connection that does not even roll back is lost, and its locks with it.
func (s *session) rollBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	for _, f := range s.fences {
		_, _ = f.conn.Exec(ctx, "ROLLBACK")
	}
}

// unfence closes the fence's connections; the server does the rest.
func (s *session) unfence(ctx context.Context) {
	for _, f := range s.fences {
		_ = hangUp(ctx, f.conn)
	}
	s.fences = nil
}

// Ping proves that each fence's transaction is alive, and with it its locks.
func (s *session) Ping(ctx context.Context) error {
	if len(s.fences) == 0 {
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "there is no fence"}
	}
	for _, f := range s.fences {
		_, err := f.conn.Exec(ctx, "SELECT 1")
		if err == nil && f.conn.PgConn().TxStatus() == 'T' {
			continue
		}
		return &quiesce.Refusal{
			Class:  refusal.Caused(quiesce.ErrFence, err),
			What:   "the fence of database " + strconv.Quote(f.database) + " is gone",
			Remedy: "what was captured since cannot count as clean: checkpoint again",
		}
	}
	return nil
}
