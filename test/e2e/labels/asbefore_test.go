package labels_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// state is what a refused checkpoint must leave of a PostgreSQL as it was:
// settings, locks, prepared transactions, its role; and no session of lull's.
type state map[string]string

func stateOf(t *testing.T, pg *harness.Postgres) state {
	t.Helper()
	harness.Eventually(t, "no session of lull's is left", func() bool {
		return pg.Query(t, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lull'") == "0"
	})
	return state{
		"settings": pg.Query(t, `SELECT string_agg(format('%s=%s (%s)', name, setting, source), ', ' ORDER BY name) FROM pg_settings
			WHERE source NOT IN ('default', 'client', 'session')`),
		"settings of roles": pg.Query(t, "SELECT string_agg(format('%s %s %s', setrole, setdatabase, setconfig), ', ') FROM pg_db_role_setting"),
		"altered system":    pg.Query(t, "SELECT pg_read_file('postgresql.auto.conf')"),
		"locks":             pg.Query(t, `SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND mode = 'ShareLock'`),
		"recovery":          pg.Query(t, "SELECT pg_is_in_recovery()::text"),
		"prepared":          pg.Query(t, "SELECT count(*) FROM pg_prepared_xacts"),
		"advisory locks":    pg.Query(t, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
	}
}

// changed is a password that the container's variables do not know.
const changed = "changed-since"

// asksPassword are variables that have PostgreSQL ask on loopback too, which
// the image trusts.
var asksPassword = map[string]string{"POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256"}

// same compares, and sees that the database takes writes if it did.
func (s state) same(t *testing.T, pg *harness.Postgres) {
	t.Helper()
	now := stateOf(t, pg)
	for k := range s {
		if s[k] != now[k] {
			t.Errorf("%s: before %q, after %q", k, s[k], now[k])
		}
	}
	if s["recovery"] == "false" {
		pg.Exec(t, "SET lock_timeout = '10s'; SET default_transaction_read_only = off; CREATE TABLE IF NOT EXISTS written (n int); INSERT INTO written VALUES (1)")
	}
}

// Each cause that refuses a checkpoint of PostgreSQL is told in a line that
// says what helps, and leaves the database as it was.
func TestAsBefore(t *testing.T) {
	for name, tt := range map[string]struct {
		version string // none: 17
		sql     string // done before
		labels  map[string]string
		env     map[string]string
		says    []string
	}{
		"out-of-date password": {sql: "ALTER ROLE postgres PASSWORD '" + changed + "'", env: asksPassword,
			says: []string{"[lull:database]", "POSTGRES_PASSWORD counted when the database was made", `ALTER ROLE "postgres" PASSWORD`, "lull/password-file"}},
		"no such password file": {labels: map[string]string{"lull/password-file": "/run/secrets/none"},
			says: []string{"[lull:database]", "/run/secrets/none", "lull/password-file"}},
		"missing privilege": {sql: "CREATE ROLE weak LOGIN PASSWORD '" + harness.Canary + "'",
			labels: map[string]string{"lull/user": "weak", "lull/password-env": "POSTGRES_PASSWORD"},
			says:   []string{"[lull:database]", `GRANT pg_checkpoint, pg_monitor TO "weak"`}},
		"backup": {version: "13", sql: "SELECT pg_start_backup('x', true)",
			says: []string{"[lull:database]", "an exclusive backup is running", "pg_stop_backup"}},
		"no connection left": {sql: "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0 PASSWORD '" + harness.Canary + "'",
			labels: map[string]string{"lull/user": "crowded", "lull/password-env": "POSTGRES_PASSWORD"},
			says:   []string{"[lull:database]", "max_connections"}},
		"drain that aborts": {labels: map[string]string{"lull/in-flight": "abort", "lull/drain-timeout": "100ms"}, sql: "@open",
			says: []string{"[lull:level]", "1 write transaction(s) still open"}},
		"operator": {env: map[string]string{"REPMGR_NODE_NAME": "pg-0"}, says: []string{"[lull:preflight]", "repmgr", "lull/operator=allow"}},
	} {
		t.Run(name, func(t *testing.T) {
			labels := map[string]string{"lull/pause-budget": "1m"}
			maps.Copy(labels, tt.labels)
			pg := harness.Shared(t).Postgres(t, harness.PostgresOptions{Version: tt.version, ContainerOptions: harness.ContainerOptions{
				Labels: labels, Env: tt.env}})
			prepare(t, pg, tt.sql)
			before := stateOf(t, pg)
			refused(t, pg.Container, tt.says...)
			before.same(t, pg)
		})
	}
}

// prepare runs statements, or leaves a writing transaction open until the test
// has ended.
func prepare(t *testing.T, pg *harness.Postgres, sql string) {
	t.Helper()
	switch sql {
	case "":
		return
	case "@open":
		pg.Exec(t, "CREATE TABLE open_table (n int)")
		conn, err := pg.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		if _, err := conn.Exec(t.Context(), "BEGIN; INSERT INTO open_table VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		return
	}
	pg.Exec(t, sql)
	if strings.Contains(sql, changed) {
		pg.Password = changed
	}
}
