package harness

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// WaitAnswer waits until the server answers a query.
func (p *Postgres) WaitAnswer(t testing.TB) {
	t.Helper()
	eventuallyAnswers(t, "PostgreSQL in container "+p.ID, answerTime, func(ctx context.Context) error {
		_, err := p.query(ctx, "SELECT 1")
		return err
	})
}

// Query gives a query's only value, as text; NULL is "".
func (p *Postgres) Query(t testing.TB, sql string, args ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	value, err := p.query(ctx, sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Exec runs statements, on a connection of their own.
func (p *Postgres) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := p.connected(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (p *Postgres) query(ctx context.Context, sql string, args ...any) (value string, err error) {
	err = p.connected(ctx, func(conn *pgx.Conn) error {
		var v *string
		if err := conn.QueryRow(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...).Scan(&v); err != nil {
			return err
		}
		if v != nil {
			value = *v
		}
		return nil
	})
	return value, err
}

func (p *Postgres) connected(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := p.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is there already
	return f(conn)
}
