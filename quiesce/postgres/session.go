package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
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
	dialer   dialer
	conn     *pgx.Conn
	database string // that conn is connected to

	number    int    // server_version_num
	version   string // for people
	standby   bool
	superuser bool

	fences []*fence
}

var _ quiesce.Session = (*session)(nil)

// Close ends every connection. The fence falls with them.
func (s *session) Close() error { return s.shut(context.Background()) }

func (s *session) shut(ctx context.Context) error {
	s.unfence(ctx)
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

// reconnect replaces a main connection that broke.
func (s *session) reconnect(ctx context.Context) error {
	if s.conn != nil {
		_ = hangUp(ctx, s.conn) // it is broken already
		s.conn = nil
	}
	return s.connect(ctx)
}

// ask is one row of one column.
func ask[T any](ctx context.Context, s *session, doing, sql string, args ...any) (v T, err error) {
	err = explain(s.conn.QueryRow(ctx, sql, args...).Scan(&v), doing)
	return v, err
}

// list is every row as a struct of T's fields in the columns' order.
func list[T any](ctx context.Context, s *session, doing, sql string, args ...any) ([]T, error) {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, explain(err, doing)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return all, explain(err, doing)
}

// The bounds of the pauses between two looks.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// poll looks until f is done, with pauses that grow. It gives up with ctx's
// error.
func poll(ctx context.Context, f func() (done bool, err error)) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		done, err := f()
		if done || err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// spent is true when an error is only that the time ran out.
func spent(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
