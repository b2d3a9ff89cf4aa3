package labels_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// outOfTime are labels of a quiesce that may take this long.
func outOfTime(budget string, more map[string]string) map[string]string {
	all := map[string]string{"lull/pause-budget": budget, "lull/drain-timeout": "100ms"}
	maps.Copy(all, more)
	return all
}

// A quiesce that runs out of time refuses in one line that says what it waited
// for, and leaves PostgreSQL as it was.
func TestOutOfTime(t *testing.T) {
	fence := map[string]string{"lull/mode": "fence", "lull/require": "clean"}
	for name, tt := range map[string]struct {
		labels map[string]string
		hinder func(*testing.T, *harness.Postgres)
		says   []string
	}{
		"flush": {outOfTime("5s", nil), stopCheckpointer, []string{"[lull:level]", "no time left while flushing"}},
		"fence": {outOfTime("10s", fence), func(t *testing.T, pg *harness.Postgres) { prepare(t, pg, "@open") },
			[]string{"[lull:level]", "there is no fence", "lull/pause-budget"}},
		"standby": {outOfTime("1m", fence), standby, []string{"[lull:level]", "a standby of PostgreSQL cannot be fenced"}},
	} {
		t.Run(name, func(t *testing.T) {
			pg := harness.Shared(t).Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Labels: tt.labels}})
			tt.hinder(t, pg)
			before := stateOf(t, pg)
			refused(t, pg.Container, tt.says...)
			before.same(t, pg)
		})
	}
}

// stopCheckpointer has CHECKPOINT wait until the test ends.
func stopCheckpointer(t *testing.T, pg *harness.Postgres) {
	t.Helper()
	pids, err := pg.Freezer(t).Pids()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		title, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if !strings.HasPrefix(string(title), "postgres: checkpointer") {
			continue
		}
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGCONT) })
		return
	}
	t.Fatal("there is no checkpointer")
}

// standby restarts PostgreSQL as one, with nobody to follow.
func standby(t *testing.T, pg *harness.Postgres) {
	t.Helper()
	lose(t, pg.Container)
	write(t, pg.Volume+"/standby.signal", "")
	pg.Daemon.Run(t, harness.ContainerOptions{ID: pg.ID, Image: "postgres:17", Mounts: map[string]string{"/var/lib/postgresql/data": pg.Volume},
		Labels: outOfTime("1m", map[string]string{"lull/mode": "fence", "lull/require": "clean"}), Env: map[string]string{"POSTGRES_PASSWORD": harness.Canary}})
	pg.WaitAnswer(t)
}

// What TestOutOfTime sees of PostgreSQL, of the others.
func TestOutOfTimeOthers(t *testing.T) {
	abort := outOfTime("1m", map[string]string{"lull/in-flight": "abort", "lull/require": "clean"})
	fence := outOfTime("10s", map[string]string{"lull/require": "clean"})
	for name, tt := range map[string]struct {
		run    func(*testing.T, string, string, map[string]string) other
		engine string
		labels map[string]string
		hinder []string // the last one on a connection that stays, for MySQL
		says   []string
	}{
		"mysql9.7/drain":    {mysqlOther, "mysql 9.7", abort, openWrite, []string{"[lull:level]", "1 write transaction(s) still open"}},
		"mysql9.7/fence":    {mysqlOther, "mysql 9.7", fence, openWrite, []string{"[lull:level]", "there is no fence"}},
		"mariadb11.8/drain": {mysqlOther, "mariadb 11.8", abort, openWrite, []string{"[lull:level]", "1 write transaction(s) still open"}},
		"mariadb11.8/fence": {mysqlOther, "mariadb 11.8", fence, openWrite, []string{"[lull:level]", "there is no fence"}},
		"redis8.0/child":    {redisOther, "redis 8.0", fence, slowChild, []string{"[lull:", "a background save", "lull/pause-budget"}},
		"valkey8.1/child":   {redisOther, "valkey 8.1", fence, slowChild, []string{"[lull:", "a background save", "lull/pause-budget"}},
		"redis8.0/replica":  {redisOther, "redis 8.0", fence, replica, []string{"[lull:level]", "a replica of Redis cannot be fenced"}},
		"valkey8.1/replica": {redisOther, "valkey 8.1", fence, replica, []string{"[lull:level]", "a replica of Valkey cannot be fenced"}},
	} {
		t.Run(name, func(t *testing.T) {
			engine, version, _ := strings.Cut(tt.engine, " ")
			if engine == "mysql" || engine == "mariadb" {
				harness.Full(t)
			}
			db := tt.run(t, engine, version, tt.labels)
			db.hold(t, tt.hinder...)
			before := db.state(t)
			refused(t, db.Container, tt.says...)
			if after := db.state(t); after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

var (
	openWrite = []string{"CREATE TABLE test.held (n INT)", "BEGIN", "INSERT INTO test.held VALUES (1)"}
	slowChild = []string{"SET key value", "CONFIG SET rdb-key-save-delay 100000000", "BGSAVE"}
	replica   = []string{"REPLICAOF 127.0.0.1 1"}
)

// keep runs statements on a connection that stays open until the test ends.
func keep(t *testing.T, my *harness.MySQL, statements []string) {
	t.Helper()
	conn, err := my.Connect(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
