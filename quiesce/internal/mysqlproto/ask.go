package mysqlproto

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

var _ quiesce.Validator = (*Session)(nil)

// Ask makes a subquery of the query: it can only be one SELECT of one column
// and at most one row; none counts as NULL. It runs in a read-only transaction
// that is rolled back, in the schema that the container's variables or the
// label lull/database name.
func (s *Session) Ask(ctx context.Context, query string) (a quiesce.Answer, err error) {
	c, err := s.conn(ctx)
	if err != nil {
		return a, err
	}
	defer func() { // statements of the user's may come after it
		if lifted := c.exec(context.WithoutCancel(ctx), s.engine.Limit(0)); err == nil {
			err = s.explain(lifted, "answering")
		}
	}()
	if err := s.beginAsking(ctx, c); err != nil {
		return a, s.explain(err, "asking")
	}
	var value sql.NullString
	text := fmt.Sprintf("SELECT LEFT((\n%s\n), %d)", strings.TrimRight(query, "; \t\r\n"), quiesce.MaxAnswer+1)
	err = c.note(c.conn.QueryRowContext(ctx, text).Scan(&value))
	if ended := c.exec(context.WithoutCancel(ctx), "ROLLBACK"); err == nil {
		err = ended
	}
	if err != nil {
		return a, s.unanswered(err)
	}
	if !value.Valid {
		return quiesce.Answer{Null: true}, nil
	}
	return quiesce.NewAnswer(value.String, false)
}

func (s *Session) beginAsking(ctx context.Context, c *conn) error {
	statements := []string{s.engine.Limit(wait.QueryTime(ctx))}
	if s.login.database != "" {
		statements = append(statements, "USE `"+strings.ReplaceAll(s.login.database, "`", "``")+"`")
	}
	for _, statement := range append(statements, "START TRANSACTION READ ONLY") {
		if err := c.exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// unanswered says what to do about a query, and not about the server.
func (s *Session) unanswered(err error) error {
	err = s.explain(err, "answering")
	var r *quiesce.Refusal
	if codeOf(err) == 0 || !errors.As(err, &r) {
		return err
	}
	told := *r
	switch codeOf(err) {
	case databaseDenied, tableDenied, columnDenied:
		told.Remedy = "GRANT SELECT on what it reads TO " + s.account
	case interrupted, queryTimeout, statementTimeout:
		told.Remedy = "make it faster, or raise lull/pause-budget"
	default:
		told.Remedy = "it has to be one SELECT of one value; a table of no named schema is looked for in that of lull/database"
	}
	return &told
}

// writeCounts are status variables that count rows written by clients and not by
// the server itself, best first: MySQL counts its temporary tables among the
// handlers', and MariaDB has the others no more.
func writeCounts() [][]string {
	return [][]string{
		{"Innodb_rows_inserted", "Innodb_rows_updated", "Innodb_rows_deleted"},
		{"Handler_write", "Handler_update", "Handler_delete"},
	}
}

// Writes counts the rows that were written. A server that does not count them
// has no mark.
func (s *Session) Writes(ctx context.Context) (string, error) {
	for _, names := range writeCounts() {
		status, err := s.Status(ctx, names...)
		if err != nil {
			return "", err
		}
		if len(status) == len(names) {
			return status[names[0]] + "+" + status[names[1]] + "+" + status[names[2]], nil
		}
	}
	return "", nil
}
