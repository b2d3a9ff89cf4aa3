package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// writer is a session with an open transaction that has written.
type writer struct {
	PID int32
	XID string
	Who string // for people
	Age string // of the transaction, in seconds
}

// writers are the sessions that the drain is about. Autovacuum is not one of
// them: nobody was promised anything of what it does.
const writers = `SELECT pid, backend_xid::text,
	coalesce(nullif(usename, ''), backend_type) || coalesce(' (' || nullif(application_name, '') || ')', ''),
	coalesce(extract(epoch FROM clock_timestamp() - xact_start)::int, 0)::text
	FROM pg_stat_activity
	WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
	ORDER BY xact_start NULLS LAST, pid`

func (s *session) writers(ctx context.Context) ([]writer, error) {
	return list[writer](ctx, s, "asking for open transactions", writers)
}

// InFlight counts the write transactions open now.
func (s *session) InFlight(ctx context.Context) (int, error) {
	now, err := s.writers(ctx)
	return len(now), err
}

// Drain waits for the write transactions that are open when it begins, those
// that begin later are nobody's promise yet. What is left then is kept, is
// ErrInFlight, or is terminated, as the policy says.
func (s *session) Drain(ctx context.Context, wait time.Duration, p quiesce.Policy) (manifest.Transactions, error) {
	first, err := s.writers(ctx)
	if err != nil {
		return manifest.Transactions{}, err
	}
	left, err := s.await(ctx, first, wait)
	if err != nil {
		return manifest.Transactions{}, err
	}
	t := manifest.Transactions{AtStart: len(first), Drained: len(first) - len(left)}
	switch {
	case len(left) == 0 || p == quiesce.Keep:
	case p == quiesce.Terminate:
		if err := s.terminate(ctx, left); err != nil {
			return t, err
		}
		t.Terminated = len(left)
	default:
		return t, stillOpen(left, "commit or roll it back, raise lull/drain-timeout, or allow lull/in-flight=keep or terminate")
	}
	return s.count(ctx, t)
}

// count adds what is open now.
func (s *session) count(ctx context.Context, t manifest.Transactions) (_ manifest.Transactions, err error) {
	if t.InFlight, err = s.InFlight(ctx); err != nil {
		return t, err
	}
	t.Prepared, err = ask[int](ctx, s, "counting prepared transactions", `SELECT count(*)::int FROM pg_prepared_xacts`)
	return t, err
}

// await looks until none of some transactions is open, or the wait is over;
// it returns those that are left.
func (s *session) await(ctx context.Context, some []writer, most time.Duration) (left []writer, err error) {
	bound, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	left = some
	err = wait.Until(bound, func() (bool, error) {
		if len(left) == 0 {
			return true, nil
		}
		now, err := s.writers(ctx)
		left = common(left, now)
		return len(left) == 0, err
	})
	if wait.Spent(err) && ctx.Err() == nil {
		err = nil // only the wait is over
	}
	return left, err
}

// common are those of some that are among now.
func common(some, now []writer) []writer {
	type identity struct {
		pid int32
		xid string
	}
	open := map[identity]bool{}
	for _, w := range now {
		open[identity{w.PID, w.XID}] = true
	}
	var left []writer
	for _, w := range some {
		if open[identity{w.PID, w.XID}] {
			left = append(left, w)
		}
	}
	return left
}

// terminateTime bounds the wait for terminated sessions to be gone.
const terminateTime = 5 * time.Second

// terminate ends the sessions and sees that they have ended.
func (s *session) terminate(ctx context.Context, some []writer) error {
	for _, w := range some {
		err := s.exec(ctx, "ending the session of "+w.Who, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE pid = $1 AND backend_xid::text = $2`, w.PID, w.XID)
		if codeOf(err) == insufficientRights {
			return &quiesce.Refusal{
				Class:  refusal.Caused(quiesce.ErrPrivilege, err),
				What:   "the user may not end the session of " + w.Who,
				Remedy: "GRANT pg_signal_backend TO " + pgx.Identifier{s.login.user}.Sanitize() + "; a superuser's session ends for superusers only",
			}
		}
		if err != nil {
			return err
		}
	}
	left, err := s.await(ctx, some, terminateTime)
	if err == nil && len(left) > 0 {
		return stillOpen(left, "its session was told to end and did not: see PostgreSQL's log")
	}
	return err
}

func stillOpen(left []writer, remedy string) error {
	return &quiesce.Refusal{
		Class: quiesce.ErrInFlight,
		What: fmt.Sprintf("%d write transaction(s) still open, the oldest for %s s: pid %d, user %s",
			len(left), left[0].Age, left[0].PID, left[0].Who),
		Remedy: remedy,
	}
}
