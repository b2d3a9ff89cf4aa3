package postgres

import (
	"context"
	"errors"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
)

// Driver opens sessions with PostgreSQL. The zero value is ready.
type Driver struct{}

var _ quiesce.Driver = Driver{}

// Name is "postgres".
func (Driver) Name() string { return quiesce.Postgres }

// Open connects to the first listener that speaks PostgreSQL. It fails with
// ErrNotReady, ErrAuth, ErrBusy (no connection left) or ErrUnsupported.
func (Driver) Open(ctx context.Context, t quiesce.Target) (quiesce.Session, error) {
	s := &session{login: loginOf(t), dialer: dial.To(t)}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// connect opens the main connection, in the first database that exists, and
// reads what every other call wants to know of the server.
func (s *session) connect(ctx context.Context) error {
	for _, name := range s.login.databases {
		conn, err := s.open(ctx, name)
		if noSuchDatabase(err) {
			continue
		}
		if err != nil {
			return err
		}
		s.conn, s.database = conn, name
		return s.greet(ctx)
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   "none of the databases " + quoteAll(s.login.databases) + " exists",
		Remedy: "name one with the label lull/database",
	}
}

// greet learns the version and the role, in the same query that takes timeouts
// away; a server that is too old is refused. As of 14 it has the server look
// whether we are still there, so that a statement that hangs does not outlive us.
func (s *session) greet(ctx context.Context) error {
	err := s.conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		pg_is_in_recovery(), current_setting('is_superuser') = 'on',
		CASE WHEN current_setting('server_version_num')::int >= 140000 THEN set_config('client_connection_check_interval', '1s', false) END,
		`+unbounded).Scan(&s.number, &s.version, &s.standby, &s.superuser, nil, nil, nil)
	if err != nil {
		return errors.Join(explain(err, "asking for its version"), s.hangUpMain(ctx))
	}
	if s.number < oldest {
		return errors.Join(&quiesce.Refusal{
			Class:  quiesce.ErrUnsupported,
			What:   "PostgreSQL " + s.version + " is older than 13",
			Remedy: "upgrade it, or switch lull off with the label lull/engine=none",
		}, s.hangUpMain(ctx))
	}
	return nil
}
