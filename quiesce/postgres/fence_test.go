package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
)

// connectTo is an application's connection to some database.
func (s *server) connectTo(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(within(t), fmt.Sprintf("host=127.0.0.1 port=%d user=postgres password=%s dbname=%s application_name=application",
		s.port, canary, database))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// held is true when a statement waits for a lock instead of being done.
func held(t *testing.T, conn *pgx.Conn, sql string) bool {
	t.Helper()
	_, err := conn.Exec(within(t), "SET lock_timeout = '50ms'")
	must(t, err)
	_, err = conn.Exec(within(t), sql)
	if err != nil && code(err) != "55P03" {
		t.Fatalf("%s: %v", sql, err)
	}
	return err != nil
}

// TestFenceCoversEveryTable: those of other databases and schemas, those with
// odd names, partitions; and nobody's temporary ones.
func TestFenceCoversEveryTable(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		s.exec(t, "CREATE DATABASE other", "CREATE DATABASE empty", `CREATE SCHEMA "odd ""schema"`,
			`CREATE TABLE "odd ""schema"."odd . ""table" (n int)`, "CREATE TABLE plain (n int)", "CREATE UNLOGGED TABLE unlogged (n int)",
			"CREATE TABLE parted (n int) PARTITION BY RANGE (n)", "CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9)",
			"CREATE MATERIALIZED VIEW material AS SELECT 1", "CREATE VIEW seen AS SELECT * FROM plain")
		here, there := s.connectTo(t, "postgres"), s.connectTo(t, "other")
		_, err := there.Exec(within(t), "CREATE TABLE plain (n int)")
		must(t, err)
		_, err = here.Exec(within(t), "CREATE TEMP TABLE own (n int)")
		must(t, err)
		session := open(t, s.Target())
		locks, err := session.Fence(within(t), time.Minute)
		must(t, err)
		if len(locks) != 2 || !strings.Contains(locks[0].Setting, "5 tables") || locks[1].Release != "session" {
			t.Errorf("held is %+v, want 5 tables of postgres and those of other", locks)
		}
		for _, table := range []string{`"odd ""schema"."odd . ""table"`, "plain", "unlogged", "parted", "part", "seen"} {
			if !held(t, here, "INSERT INTO "+table+" VALUES (1)") {
				t.Errorf("a write to %s goes through the fence", table)
			}
		}
		if !held(t, there, "INSERT INTO plain VALUES (1)") {
			t.Error("a write to another database goes through the fence")
		}
		if held(t, here, "INSERT INTO own VALUES (1)") || held(t, here, "CREATE DATABASE more") {
			t.Error("the fence holds up what it need not")
		}
		must(t, session.Ping(within(t)))
		must(t, session.Close())
		if held(t, there, "INSERT INTO plain VALUES (1)") {
			t.Error("a write waits after the fence is gone")
		}
	})
}

func TestFenceInARunOfDDL(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		app, session := s.connectTo(t, "postgres"), open(t, s.Target())
		stop, stopped := make(chan struct{}), make(chan error, 1)
		go func() {
			var err error
			for done := false; !done && err == nil; {
				_, err = app.Exec(context.Background(), "CREATE TABLE coming (n int); DROP TABLE coming")
				select {
				case <-stop:
					done = true
				default:
				}
			}
			stopped <- err
		}()
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		must(t, session.Ping(within(t)))
		must(t, session.Close())
		close(stop)
		must(t, <-stopped)
	})
}

// TestFenceLeavesRoomForOthersLocks, and says what to do.
func TestFenceLeavesRoomForOthersLocks(t *testing.T) {
	each(t, []string{"-c", "max_locks_per_transaction=10"}, func(t *testing.T, s *server) {
		var create []string
		for n := range 200 { // room is for (30 + 4) × 10 locks
			create = append(create, fmt.Sprintf("CREATE TABLE t%d (n int)", n))
		}
		s.exec(t, create...)
		session := open(t, s.Target())
		_, err := session.Fence(within(t), time.Minute)
		if !errors.Is(err, quiesce.ErrFence) || !strings.Contains(fmt.Sprint(err), "max_locks_per_transaction") {
			t.Errorf("got %v, want ErrFence that names max_locks_per_transaction", err)
		}
		if held(t, s.connectTo(t, "postgres"), "INSERT INTO t0 VALUES (1)") {
			t.Error("a fence that failed still holds")
		}
		s.exec(t, drops(create[100:])...)
		_, err = session.Fence(within(t), time.Minute)
		must(t, err)
	})
}

// drops undoes what create made.
func drops(create []string) []string {
	var drop []string
	for _, sql := range create {
		name := strings.Fields(sql)[2]
		drop = append(drop, "DROP TABLE "+name)
	}
	return drop
}

func TestDrainIsAboutWhatIsOpenWhenItBegins(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		s.exec(t, "CREATE TABLE counted (n serial PRIMARY KEY)")
		first, second, session := s.connectTo(t, "postgres"), s.connectTo(t, "postgres"), open(t, s.Target())
		do := func(conn *pgx.Conn, sql string) {
			t.Helper()
			_, err := conn.Exec(within(t), sql)
			must(t, err)
		}
		do(first, "BEGIN; INSERT INTO counted DEFAULT VALUES")
		drained := make(chan error, 1)
		go func() {
			got, err := session.Drain(within(t), time.Minute, quiesce.Abort)
			if got.AtStart != 1 || got.Drained != 1 || got.InFlight != 1 || got.Prepared != 1 {
				t.Errorf("one that ends, one that begins later, one prepared: %+v", got)
			}
			drained <- err
		}()
		looked := func(session string) bool {
			return strings.HasPrefix(session, "idle") && strings.Contains(session, "backend_xid")
		}
		for !slices.ContainsFunc(ours(t, s, "(state || query)"), looked) {
			time.Sleep(time.Millisecond) // until the drain has looked for the first time
		}
		do(second, "BEGIN; INSERT INTO counted DEFAULT VALUES")
		do(first, "PREPARE TRANSACTION 'first'")
		must(t, <-drained)
		n, err := session.InFlight(within(t))
		must(t, err)
		if n != 1 {
			t.Errorf("%d in flight, want the second alone", n)
		}
	})
}

// TestDrainIgnoresReaders, however long they are.
func TestDrainIgnoresReaders(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		reader := s.connectTo(t, "postgres")
		_, err := reader.Exec(within(t), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
		must(t, err)
		got, err := open(t, s.Target()).Drain(within(t), 0, quiesce.Abort)
		must(t, err)
		if got.AtStart != 0 {
			t.Errorf("a reader counts as a writer: %+v", got)
		}
	})
}

func TestAFenceThatStandsIsNotSetAgain(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		session := open(t, s.Target())
		if _, err := session.Fence(within(t), 0); !errors.Is(err, quiesce.ErrFence) {
			t.Errorf("a fence held for no time: got %v, want ErrFence", err)
		}
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		if _, err := session.Fence(within(t), time.Minute); !errors.Is(err, quiesce.ErrFence) {
			t.Errorf("a second fence: got %v, want ErrFence", err)
		}
		must(t, session.Ping(within(t)))
	})
}
