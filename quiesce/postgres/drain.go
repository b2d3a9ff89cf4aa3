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
// them: nobody was promised anything of what it does. The view pg_stat_activity
// is this function and names from other tables, which a new session has to read
// while clients wait.
const writers = `SELECT pid, backend_xid::text,
	coalesce(pg_get_userbyid(usesysid), backend_type) || coalesce(' (' || nullif(application_name, '') || ')', ''),
	coalesce(extract(epoch FROM clock_timestamp() - xact_start)::int, 0)::text
	FROM pg_stat_get_activity(NULL)
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
	left, now, err := s.await(ctx, first, wait)
	if err != nil {
		return manifest.Transactions{}, err
	}
	t := manifest.Transactions{AtStart: len(first), Drained: len(first) - len(left), InFlight: len(now)}
	switch {
	case len(left) == 0 || p == quiesce.Keep:
	case p == quiesce.Terminate:
		if now, err = s.terminate(ctx, left); err != nil {
			return t, err
		}
		t.Terminated, t.InFlight = len(left), len(now)
	default:
		return t, stillOpen(left, "commit or roll it back, raise lull/drain-timeout, or allow lull/in-flight=keep or terminate")
	}
	t.Prepared, err = ask[int](ctx, s, "counting prepared transactions", `SELECT count(*)::int FROM pg_prepared_xact()`)
	return t, err
}

// await looks until none of some transactions is open, or the wait is over;
// it returns those that are left, and all that were open at the last look.
func (s *session) await(ctx context.Context, some []writer, most time.Duration) (left, now []writer, err error) {
	bound, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	left, now = some, some
	err = wait.Until(bound, func() (bool, error) {
		if len(left) == 0 {
			return true, nil
		}
		looked, err := s.writers(ctx)
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

// terminate ends the sessions, sees that they have ended, and returns all that
// were open at the last look.
func (s *session) terminate(ctx context.Context, some []writer) (now []writer, err error) {
	for _, w := range some {
		err := s.exec(ctx, "ending the session of "+w.Who, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE pid = $1 AND backend_xid::text = $2`, w.PID, w.XID)
		if codeOf(err) == insufficientRights {
			return nil, &quiesce.Refusal{
				Class:  refusal.Caused(quiesce.ErrPrivilege, err),
				What:   "the user may not end the session of " + w.Who,
				Remedy: "GRANT pg_signal_backend TO " + pgx.Identifier{s.login.user}.Sanitize() + "; a superuser's session ends for superusers only",
			}
		}
		if err != nil {
			return nil, err
		}
	}
	left, now, err := s.await(ctx, some, terminateTime)
	if err == nil && len(left) > 0 {
		return now, stillOpen(left, "its session was told to end and did not: see PostgreSQL's log")
	}
	return now, err
}

func stillOpen(left []writer, remedy string) error {
	return &quiesce.Refusal{
		Class: quiesce.ErrInFlight,
		What: fmt.Sprintf("%d write transaction(s) still open, the oldest for %s s: pid %d, user %s",
			len(left), left[0].Age, left[0].PID, left[0].Who),
		Remedy: remedy,
	}
}
