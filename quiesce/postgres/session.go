package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
)

const (
	oldest   = 130000 // server_version_num
	untested = 190000
)

// closeTimeout bounds the goodbye on one connection.
const closeTimeout = 2 * time.Second

// session is one conversation. It is not safe for concurrent use.
type session struct {
	login    login
	dialer   dial.Dialer
	conn     *pgx.Conn
	database string // that conn is connected to
	closed   bool

	number    int    // server_version_num
	version   string // for people
	standby   bool
	superuser bool

	fences []*fence
}

var _ quiesce.Session = (*session)(nil)

// Plan is empty: every lock of ours dies with its connection. An account that may
// not set the fence is refused here (ErrPrivilege).
func (s *session) Plan(ctx context.Context, fence bool, _ time.Duration) ([]manifest.Held, error) {
	if !fence {
		return nil, nil
	}
	return nil, s.checkFence(ctx)
}

// Release has nothing to do.
func (s *session) Release(context.Context, []manifest.Held) error { return nil }

// Close ends every connection. The fence falls with them.
func (s *session) Close() error {
	s.closed = true
	s.unfence(context.Background())
	return s.hangUpMain(context.Background())
}

// hangUpMain closes the main connection alone; a fence stands on its own.
func (s *session) hangUpMain(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	err := hangUp(ctx, s.conn)
	s.conn = nil
	return err
}

// hangUp closes a connection, also when ctx has ended.
func hangUp(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return conn.Close(ctx)
}

// main is the main connection. One that broke, because the server restarted
// or a call ran out of time in a query, is replaced.
func (s *session) main(ctx context.Context) (*pgx.Conn, error) {
	switch {
	case s.closed:
		return nil, errors.New("the session is closed")
	case s.conn != nil && !s.conn.IsClosed():
		return s.conn, nil
	}
	err := s.connect(ctx)
	return s.conn, err
}

// exec runs a statement on the main connection.
func (s *session) exec(ctx context.Context, doing, sql string, args ...any) error {
	conn, err := s.main(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql, args...)
	return explain(err, doing)
}

// ask is one row of one column.
func ask[T any](ctx context.Context, s *session, doing, sql string, args ...any) (v T, err error) {
	conn, err := s.main(ctx)
	if err != nil {
		return v, err
	}
	err = conn.QueryRow(ctx, sql, args...).Scan(&v)
	return v, explain(err, doing)
}

// list is every row as a struct of T's fields in the columns' order.
func list[T any](ctx context.Context, s *session, doing, sql string, args ...any) ([]T, error) {
	conn, err := s.main(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, explain(err, doing)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return all, explain(err, doing)
}
