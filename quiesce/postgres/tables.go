package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

type table struct{ Schema, Name string }

func (t table) quoted() string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }

// openFences connects to every database that has tables to lock, and to the
// main one in any case, so that there is always something to ping.
func (s *session) openFences(ctx context.Context, hold time.Duration) error {
	names, err := s.databases(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.openFence(ctx, name, hold); err != nil {
			return err
		}
	}
	return nil
}

// databases names those that can be connected to.
func (s *session) databases(ctx context.Context) (names []string, err error) {
	type database struct{ Name string }
	all, err := list[database](ctx, s, "asking for databases",
		`SELECT datname FROM pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY oid`)
	for _, db := range all {
		names = append(names, db.Name)
	}
	return names, err
}

func (s *session) openFence(ctx context.Context, database string, hold time.Duration) error {
	conn, err := s.open(ctx, database)
	if noSuchDatabase(err) {
		return nil // dropped since
	}
	if err != nil {
		return s.mayNotConnect(err, database)
	}
	f := &fence{database: database, conn: conn}
	s.fences = append(s.fences, f) // closed with the others if what follows fails
	if err := f.prepare(ctx, hold); err != nil {
		return fenceError(err)
	}
	if err := s.checkLocks(ctx, conn, database); err != nil {
		return err
	}
	if len(f.tables) == 0 && database != s.database {
		s.fences = s.fences[:len(s.fences)-1]
		return hangUp(ctx, conn)
	}
	return nil
}

// prepare sets the timeout that ends the fence without us. Time between two
// attempts must not end it.
func (f *fence) prepare(ctx context.Context, hold time.Duration) (err error) {
	if _, err := f.conn.Exec(ctx, fmt.Sprintf("SELECT set_config('idle_in_transaction_session_timeout', '%d', false), "+unbounded, hold.Milliseconds())); err != nil {
		return err
	}
	f.tables, err = f.list(ctx)
	return err
}

// begin opens the transaction. Its timeouts are short because writers queue
// behind a lock that itself waits for one of them.
func (f *fence) begin(ctx context.Context) (err error) {
	if _, err := f.conn.Exec(ctx, "BEGIN; SET LOCAL lock_timeout = '150ms'; SET LOCAL statement_timeout = '2s'"); err != nil {
		return err
	}
	tables, err := f.list(ctx)
	f.tables = f.order(tables)
	return err
}

// tables are those that are written to, partitions among them. Temporary and
// foreign ones keep nothing here, and LOCK TABLE takes no materialized view.
const tables = `FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`

// list names the tables in the one order that all who lock them use.
func (f *fence) list(ctx context.Context) ([]table, error) {
	rows, err := f.conn.Query(ctx, `SELECT n.nspname::text, c.relname::text `+tables+` ORDER BY c.oid`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[table])
}

// lock locks one table after the other, in one round trip. A table that was
// not had comes first in the next attempt: writers take tables in an order of
// their own, and who waits for one of theirs while he has one that they still
// need waits for nothing. Once the table that they begin with comes first,
// those that have begun come to their end and no others begin.
func (f *fence) lock(ctx context.Context) error {
	statements := make([]string, len(f.tables))
	for i, t := range f.tables {
		statements[i] = "LOCK TABLE ONLY " + t.quoted() + " IN SHARE MODE" // partitions are listed themselves
	}
	results, err := f.conn.PgConn().Exec(ctx, strings.Join(statements, ";")).ReadAll()
	if err == nil {
		return nil
	}
	if had := succeeded(results); had < len(f.tables) {
		f.first = slices.Insert(slices.DeleteFunc(f.first, func(t table) bool { return t == f.tables[had] }), 0, f.tables[had])
	}
	return err
}

func succeeded(results []*pgconn.Result) int {
	n := slices.IndexFunc(results, func(r *pgconn.Result) bool { return r.Err != nil })
	if n < 0 {
		return len(results)
	}
	return n
}

// order puts those first that were not had before.
func (f *fence) order(tables []table) []table {
	known := slices.DeleteFunc(slices.Clone(f.first), func(t table) bool { return !slices.Contains(tables, t) })
	rest := slices.DeleteFunc(tables, func(t table) bool { return slices.Contains(known, t) })
	return append(known, rest...)
}

// checkRoom refuses to take more than half of the server's lock table.
func (s *session) checkRoom(ctx context.Context) error {
	room, err := ask[int](ctx, s, "asking for max_locks_per_transaction", `SELECT current_setting('max_locks_per_transaction')::int
		* (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int)`)
	if err != nil {
		return err
	}
	tables := 0
	for _, f := range s.fences {
		tables += len(f.tables)
	}
	if 2*tables <= room {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrFence,
		What:   fmt.Sprintf("%d tables are too many to lock: the server has room for %d locks in all", tables, room),
		Remedy: "raise max_locks_per_transaction and restart PostgreSQL, or use lull/mode=flush",
	}
}

// passing is true for what another attempt may not meet again: a lock that
// somebody has, a table that was dropped between list and lock.
func passing(err error) bool {
	return slices.Contains([]string{lockNotAvailable, queryCanceled, undefinedTable, undefinedSchema, deadlockDetected}, codeOf(err))
}

// fenceError is an ErrFence, unless the refusal has a class of its own.
func fenceError(err error) error {
	switch codeOf(err) {
	case insufficientRights:
		return explain(err, "locking tables")
	case outOfMemory:
		return &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrFence, err), What: "PostgreSQL has no room for the fence's locks",
			Remedy: "raise max_locks_per_transaction and restart PostgreSQL, or use lull/mode=flush"}
	}
	return fmt.Errorf("%w: %w", quiesce.ErrFence, explain(err, "locking tables"))
}
