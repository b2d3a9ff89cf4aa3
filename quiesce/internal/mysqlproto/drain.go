package mysqlproto

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// WriterColumns are what the query for writers answers: the connection's id,
// something that tells its transaction from its next one, the account, and the
// transaction's age in seconds. The account of what applies a source's
// transactions is Applier.
const WriterColumns = "id, trx, who, age"

// Applier is the server's own name for its replication appliers.
const Applier = "system user"

// InnoDBWriters are the transactions that have changed rows, as InnoDB tells.
// Prepared ones without a session are counted elsewhere.
const InnoDBWriters = `SELECT t.trx_mysql_thread_id AS id, t.trx_id AS trx, COALESCE(p.USER, '') AS who,
	TIMESTAMPDIFF(SECOND, t.trx_started, NOW()) AS age
	FROM information_schema.INNODB_TRX t LEFT JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
	WHERE t.trx_rows_modified > 0 AND t.trx_mysql_thread_id <> 0 ORDER BY t.trx_started, t.trx_mysql_thread_id`

// cacheTime is how long the server answers from a copy after the last look at
// InnoDB's transactions, and a little.
const cacheTime = 110 * time.Millisecond

// writers asks for the sessions that the drain is about. Where the server may
// answer from a copy of what it told anybody before, some time is let pass: who
// asks more often than that keeps the copy alive, which nothing helps against.
func (s *Session) writers(ctx context.Context) ([]Row, error) {
	q, err := s.engine.Writers(ctx, s)
	if err != nil {
		return nil, err
	}
	if q.Cached {
		if err := wait.Sleep(ctx, cacheTime); err != nil {
			return nil, err
		}
	}
	return s.Rows(ctx, "asking for open transactions", q.SQL)
}

// InFlight counts the write transactions open now. Where the fence could only
// be had without any, and the server would have to be asked twice, it is the
// answer.
func (s *Session) InFlight(ctx context.Context) (int, error) {
	if s.Fenced() && s.engine.NoWait() != "" {
		return 0, s.Ping(ctx)
	}
	now, err := s.writers(ctx)
	return len(now), err
}

// Drain waits for the write transactions that are open when it begins; those
// that begin later are nobody's promise yet. What is left then is kept, is
// ErrInFlight, or is terminated, as the policy says.
func (s *Session) Drain(ctx context.Context, most time.Duration, p quiesce.Policy) (manifest.Transactions, error) {
	first, err := s.writers(ctx)
	if err != nil {
		return manifest.Transactions{}, err
	}
	left, now, err := s.await(ctx, first, most)
	if err != nil {
		return manifest.Transactions{}, err
	}
	t := manifest.Transactions{AtStart: len(first), Drained: len(first) - len(left), InFlight: len(now)}
	switch {
	case len(left) == 0 || p == quiesce.Keep:
	case p == quiesce.Terminate:
		if left, now, err = s.terminate(ctx, left); err != nil {
			return t, err
		}
		t.Drained, t.Terminated, t.InFlight = len(first)-len(left), len(left), len(now)
	default:
		return t, stillOpen(left, "commit or roll it back, raise lull/drain-timeout, or allow lull/in-flight=keep or terminate")
	}
	t.Prepared, err = s.prepared(ctx)
	return t, err
}

func (s *Session) prepared(ctx context.Context) (int, error) {
	all, err := s.Rows(ctx, "counting prepared transactions", "XA RECOVER")
	return len(all), err
}

// await looks until none of some transactions is open, or most has passed; it
// returns those that are left, and all that are open now.
func (s *Session) await(ctx context.Context, some []Row, most time.Duration) (left, now []Row, err error) {
	bound, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	left, now = some, some
	err = wait.Until(bound, func() (bool, error) {
		if len(left) == 0 {
			return true, nil
		}
		looked, err := s.writers(bound)
		if err == nil {
			left, now = common(left, looked), looked
		}
		return len(left) == 0, err
	})
	if wait.Spent(err) && ctx.Err() == nil {
		err = nil // only the wait is over
	}
	return left, now, err
}

// common are those of some that are among now.
func common(some, now []Row) (left []Row) {
	open := map[[2]string]bool{}
	for _, w := range now {
		open[[2]string{w["id"], w["trx"]}] = true
	}
	for _, w := range some {
		if open[[2]string{w["id"], w["trx"]}] {
			left = append(left, w)
		}
	}
	return left
}

// terminateTime bounds the wait for terminated sessions to be gone.
const terminateTime = 5 * time.Second

// terminate ends the sessions and sees that they have ended. It looks again
// before: a session that has begun another transaction meanwhile is spared.
func (s *Session) terminate(ctx context.Context, some []Row) (ended, now []Row, err error) {
	if now, err = s.writers(ctx); err != nil {
		return nil, nil, err
	}
	ended = common(some, now)
	if applying := appliers(ended); len(applying) > 0 {
		return nil, now, stillOpen(applying, "it is a replication applier's, which is never ended: raise lull/drain-timeout, stop the applier, or allow lull/in-flight=keep")
	}
	for _, w := range ended {
		err := s.Exec(ctx, "ending the session of "+w["who"], "KILL CONNECTION "+w["id"])
		if err != nil && codeOf(err) != unknownThread {
			return nil, nil, err
		}
	}
	left, now, err := s.await(ctx, ended, terminateTime)
	if err == nil && len(left) > 0 {
		err = stillOpen(left, "its session was told to end and did not: see the server's log")
	}
	return ended, now, err
}

// appliers are those of some that write what a source sends. To end one would
// stop the replication, and nothing starts it again.
func appliers(some []Row) []Row {
	return slices.DeleteFunc(slices.Clone(some), func(w Row) bool { return w["who"] != Applier })
}

func stillOpen(left []Row, remedy string) error {
	return &quiesce.Refusal{
		Class: quiesce.ErrInFlight,
		What: fmt.Sprintf("%d write transaction(s) still open, the oldest for %s s: connection %s of %s",
			len(left), left[0]["age"], left[0]["id"], left[0]["who"]),
		Remedy: remedy,
	}
}
