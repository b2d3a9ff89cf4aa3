package mysqlproto

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

const systemSchemas = `('mysql', 'information_schema', 'performance_schema', 'sys', 'ndbinfo')`

type table struct{ schema, name string }

func (t table) quoted() string { return quoteName(t.schema) + "." + quoteName(t.name) }

func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// How long a lock of tables may wait for somebody, who wants what is locked by
// then waiting behind it: little at first, and more with every attempt, because
// on a busy machine even one that need not wait takes long.
const (
	firstPatience = 10 * time.Millisecond
	lastPatience  = 100 * time.Millisecond
)

// share gives each of the busiest tables to a connection of its own, and the
// others to the first.
func (s *Session) share(ctx context.Context, busiest [][2]string) error {
	tables, err := s.list(ctx)
	if err != nil {
		return err
	}
	s.fence.shares = make([][]table, len(s.fence.locks))
	for _, t := range tables {
		own := 1 + slices.Index(busiest, [2]string{t.schema, t.name})
		s.fence.shares[own] = append(s.fence.shares[own], t)
	}
	s.fence.busiest, s.fence.tables = busiest, tables
	return nil
}

// attempt locks the tables that there are, keeps new ones from being made, and
// sees that none was in between.
func (s *Session) attempt(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	for n, i := range s.fence.order {
		if err := s.lock(ctx, s.fence.locks[i], s.fence.shares[i]); err != nil {
			s.fence.order = slices.Insert(slices.Delete(s.fence.order, n, n+1), 0, i)
			return errors.Join(err, s.reshare(ctx, err))
		}
	}
	hold, _ := s.engine.Guard()
	for _, statement := range hold {
		if err := s.bounded(ctx, s.fence.guard, 10*s.fence.patient, statement); err != nil {
			return err
		}
	}
	now, err := s.list(ctx)
	if err == nil && !slices.Equal(s.fence.tables, now) {
		err = errors.Join(errWriters, s.share(ctx, s.fence.busiest)) // of a new table
	}
	return err
}

// reshare lists the tables anew when one was dropped.
func (s *Session) reshare(ctx context.Context, failed error) error {
	if code := codeOf(failed); code == unknownTable || code == unknownDatabase {
		return s.share(ctx, s.fence.busiest)
	}
	return nil
}

// list names the tables that are written to, those of MariaDB that keep their
// history among them. Those of remote servers keep nothing here.
func (s *Session) list(ctx context.Context) (tables []table, err error) {
	all, err := s.Rows(ctx, "asking for tables", `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
		WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND ENGINE IS NOT NULL AND ENGINE NOT IN ('FEDERATED', 'CONNECT', 'SPIDER', 'PERFORMANCE_SCHEMA')
		AND TABLE_SCHEMA NOT IN `+systemSchemas+` ORDER BY TABLE_SCHEMA, TABLE_NAME`)
	for _, r := range all {
		tables = append(tables, table{r["s"], r["t"]})
	}
	if err != nil {
		return nil, err
	}
	return tables, s.checkRoom(ctx, len(tables))
}

// checkRoom refuses to fill the server's cache of open tables.
func (s *Session) checkRoom(ctx context.Context, tables int) error {
	const few = 200
	if tables <= few {
		return nil
	}
	v, err := s.Variables(ctx, "table_open_cache")
	if err != nil || 2*uint64(tables) <= Uint(v["table_open_cache"]) {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrFence,
		What:   fmt.Sprintf("%d tables are too many to lock: table_open_cache is %s", tables, v["table_open_cache"]),
		Remedy: "raise table_open_cache, or use lull/mode=flush",
	}
}

// quiet waits for a moment in which no write transaction is open: then there is
// a good chance, and nobody who writes is held up. It is not waited for for
// ever where the transactions are short. LOCK TABLES that does not wait finds
// out by itself.
func (s *Session) quiet(ctx context.Context) error {
	if s.fence.nowait != "" {
		return nil
	}
	looks := 20
	if s.fence.inLine() {
		looks = 1
	}
	for range looks {
		open, err := s.writers(ctx)
		if err != nil || len(open) == 0 || s.fence.inLine() && open[0]["age"] == "0" { // the oldest comes first
			return err
		}
	}
	return errWriters
}

func (s *Session) lock(ctx context.Context, c *conn, tables []table) error {
	if len(tables) == 0 {
		return nil
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.quoted() + " READ"
	}
	most := s.fence.patient + time.Duration(len(tables))*time.Millisecond // they may have to be opened
	return s.bounded(ctx, c, most, "LOCK TABLES "+strings.Join(names, ", ")+s.fence.nowait)
}

// bounded runs a statement of the fence and has the server interrupt it when it
// takes longer than most: a statement that was only given up here would
// wait on, and others behind it.
func (s *Session) bounded(ctx context.Context, c *conn, most time.Duration, statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoTime)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.exec(ctx, statement) }()
	select {
	case err := <-done:
		return err
	case <-time.After(most):
	}
	if err := s.Exec(ctx, "giving up a lock", "KILL QUERY "+c.id); err != nil {
		cancel()
		return fmt.Errorf("%w (%w)", err, <-done)
	}
	return <-done
}
