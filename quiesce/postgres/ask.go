package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

var _ quiesce.Validator = (*session)(nil)

// usualPath is where a user's words look for tables.
const usualPath = `"$user", public`

// Ask makes a subquery of the query: it can only be one SELECT of one column
// and at most one row; none counts as NULL. It runs in a read-only transaction
// that is rolled back, in the usual search path.
func (s *session) Ask(ctx context.Context, query string) (a quiesce.Answer, err error) {
	conn, err := s.main(ctx)
	if err != nil {
		return a, err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return a, explain(err, "asking")
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was changed
	limit := fmt.Sprintf("SET LOCAL statement_timeout = %d; SET LOCAL search_path = "+usualPath, wait.QueryTime(ctx).Milliseconds())
	if _, err := tx.Exec(ctx, limit); err != nil {
		return a, explain(err, "asking")
	}
	var value *string
	text := fmt.Sprintf("SELECT left((\n%s\n)::text, %d)", strings.TrimRight(query, "; \t\r\n"), quiesce.MaxAnswer+1)
	// The extended protocol takes one statement only.
	if err := tx.QueryRow(ctx, text, pgx.QueryExecModeExec).Scan(&value); err != nil {
		return a, s.unanswered(err)
	}
	if value == nil {
		return quiesce.Answer{Null: true}, nil
	}
	return quiesce.NewAnswer(*value, false)
}

// unanswered says what to do about a query, and not about the server.
func (s *session) unanswered(err error) error {
	err = explain(err, "answering")
	var r *quiesce.Refusal
	if !errors.As(err, &r) {
		return err
	}
	told := *r
	switch codeOf(err) {
	case insufficientRights:
		told.Remedy = "GRANT SELECT on what it reads TO " + pgx.Identifier{s.login.user}.Sanitize()
	case queryCanceled:
		told.Remedy = "make it faster, or raise lull/pause-budget"
	case "":
		return err
	default:
		told.Remedy = fmt.Sprintf("it has to be one SELECT of one value, in the database %q (lull/database)", s.database)
	}
	return &told
}

// Writes is the next transaction number that nobody has: each transaction that
// writes takes one. A standby replays.
func (s *session) Writes(ctx context.Context) (string, error) {
	return ask[string](ctx, s, "asking for its transactions", s.either(
		`SELECT pg_snapshot_xmax(pg_current_snapshot())::text`, `SELECT coalesce(pg_last_wal_replay_lsn(), '0/0')::text`))
}
