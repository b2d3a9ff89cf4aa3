package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// checkFence refuses an account that may not set the fence: before anything is
// flushed or ended for it. A superuser may.
func (s *session) checkFence(ctx context.Context) error {
	if s.superuser || s.standby {
		return nil
	}
	names, err := s.databases(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.checkLocksIn(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) checkLocksIn(ctx context.Context, database string) (err error) {
	conn, err := s.open(ctx, database)
	if noSuchDatabase(err) {
		return nil // dropped since
	}
	if err != nil {
		return s.mayNotConnect(err, database)
	}
	defer func() { err = errors.Join(err, hangUp(ctx, conn)) }()
	return s.checkLocks(ctx, conn, database)
}

// mayNotConnect says what an account needs that is not let into a database.
func (s *session) mayNotConnect(err error, database string) error {
	if codeOf(err) != insufficientRights {
		return err
	}
	user := pgx.Identifier{s.login.user}.Sanitize()
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrPrivilege, err),
		What:   "the user " + user + " may not connect to the database " + strconv.Quote(database) + ", whose tables a fence locks",
		Remedy: "GRANT CONNECT ON DATABASE " + pgx.Identifier{database}.Sanitize() + " TO " + user,
	}
}

// locksDenied counts the tables that the account may not lock IN SHARE MODE, and
// names one of them.
const locksDenied = `SELECT count(*)::int, coalesce(min(format('%I.%I', n.nspname, c.relname)), '') ` + tables +
	` AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, $1))`

func (s *session) checkLocks(ctx context.Context, conn *pgx.Conn, database string) error {
	if s.superuser {
		return nil
	}
	enough, roles := "UPDATE, DELETE, TRUNCATE", "pg_write_all_data"
	if s.number >= 170000 {
		enough, roles = enough+", MAINTAIN", "pg_maintain, pg_read_all_data" // the latter for the schemas
	}
	var n int
	var one string
	if err := conn.QueryRow(ctx, locksDenied, enough).Scan(&n, &one); err != nil {
		return explain(err, "asking for privileges")
	}
	if n == 0 {
		return nil
	}
	user := pgx.Identifier{s.login.user}.Sanitize()
	return &quiesce.Refusal{
		Class:  quiesce.ErrPrivilege,
		What:   fmt.Sprintf("the user %s may not lock %d table(s) of the database %s for a fence, such as %s", user, n, strconv.Quote(database), one),
		Remedy: "GRANT " + roles + " TO " + user,
	}
}
