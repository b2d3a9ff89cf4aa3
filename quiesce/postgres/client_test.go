package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// client is an application.
type client struct{ conn *pgx.Conn }

func (s *server) Client(t *testing.T) quiescetest.Client {
	t.Helper()
	conn, err := s.connect("application")
	must(t, err)
	c := &client{conn}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (c *client) Close() error { return c.conn.Close(context.Background()) }

func (c *client) Begin(ctx context.Context) error  { return c.do(ctx, "BEGIN") }
func (c *client) Commit(ctx context.Context) error { return c.do(ctx, "COMMIT") }
func (c *client) Write(ctx context.Context) error {
	return c.do(ctx, "INSERT INTO counted DEFAULT VALUES")
}

func (c *client) do(ctx context.Context, sql string) error {
	_, err := c.conn.Exec(ctx, sql)
	return err
}

func (c *client) Rows(ctx context.Context) (n int, err error) {
	err = c.conn.QueryRow(ctx, "SELECT count(*) FROM counted").Scan(&n)
	return n, err
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// Questions are those of lull/validate.NAME.
func (s *server) Questions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   "SELECT count(*) FROM counted;",
		Nothing: "SELECT max(n) FROM counted WHERE n < 0 -- none",
		Refused: []string{
			"INSERT INTO counted DEFAULT VALUES RETURNING n", "WITH new AS (INSERT INTO counted DEFAULT VALUES RETURNING n) SELECT n FROM new",
			"SELECT 1; DELETE FROM counted", "SELECT 1); DELETE FROM counted; SELECT (1", "COMMIT", "SELECT nextval('counted_n_seq')",
			"SELECT 1, 2", "SELECT n FROM counted UNION ALL SELECT -1 UNION ALL SELECT -2", "SELECT repeat('x', 2000)", "SELECT nonsense", "",
		},
	}
}
