package labels_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// weakSecret is the password of an account with few rights.
const weakSecret = "weak-secret"

// other is a database of another kind, and what must be as before.
type other struct {
	*harness.Container
	do    func(t *testing.T, statement string)
	state func(t *testing.T) string
	hold  func(t *testing.T, statements ...string) // until the test has ended
}

func mysqlOther(t *testing.T, engine, version string, labels map[string]string) other {
	t.Helper()
	my := harness.Shared(t).MySQL(t, harness.MySQLOptions{Engine: engine, Version: version, ContainerOptions: harness.ContainerOptions{Labels: labels,
		Env: map[string]string{"SECRET": weakSecret}, Args: []string{"docker-entrypoint.sh", map[string]string{"mysql": "mysqld", "mariadb": "mariadbd"}[engine], "--innodb-use-native-aio=0"}}})
	my.Exec(t, "CREATE DATABASE IF NOT EXISTS test")
	from := "performance_schema.global_variables"
	if engine == "mariadb" {
		from = "information_schema.GLOBAL_VARIABLES"
	}
	return other{my.Container, func(t *testing.T, statement string) { t.Helper(); my.Exec(t, statement) },
		func(t *testing.T) string {
			t.Helper()
			my.Exec(t, "CREATE TABLE IF NOT EXISTS test.written (n INT)", "INSERT INTO test.written VALUES (1)") // it takes writes
			return my.Query(t, "SELECT CAST(COUNT(*) AS CHAR) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting%lock%'") + "\n" +
				my.Query(t, "SELECT CAST(SUM(CRC32(CONCAT(VARIABLE_NAME, '=', COALESCE(VARIABLE_VALUE, '')))) AS CHAR) FROM "+from+
					" WHERE VARIABLE_NAME LIKE 'innodb%' OR VARIABLE_NAME LIKE '%read_only'")
		}, func(t *testing.T, statements ...string) { t.Helper(); keep(t, my, statements) }}
}

func redisOther(t *testing.T, engine, version string, labels map[string]string) other {
	t.Helper()
	r := harness.Shared(t).Redis(t, harness.RedisOptions{Engine: engine, Version: version, ContainerOptions: harness.ContainerOptions{Labels: labels,
		Env: map[string]string{"SECRET": weakSecret}, Args: []string{"--appendonly", "yes"}}})
	words := func(s string) (all []any) {
		for w := range strings.FieldsSeq(s) {
			all = append(all, w)
		}
		return all
	}
	do := func(t *testing.T, statement string) { t.Helper(); r.Query(t, words(statement)...) }
	hold := func(t *testing.T, statements ...string) {
		t.Helper()
		for _, s := range statements { // no connection holds any of it
			do(t, s)
		}
	}
	return other{r.Container, do,
		func(t *testing.T) string {
			t.Helper()
			return r.Query(t, words("CONFIG GET *")...) + r.Query(t, words("ACL LIST")...) + r.Fact(t, "paused_actions") + r.Fact(t, "role") + r.Fact(t, "rdb_bgsave_in_progress")
		}, hold}
}

// What TestAsBefore sees of PostgreSQL, of the others.
func TestAsBeforeOthers(t *testing.T) {
	usual := []string{"mysql9.7/privilege", "mariadb11.8/privilege", "redis8.0/privilege", "redis8.0/password", "valkey8.1/paused"}
	weak := map[string]string{"lull/user": "weak", "lull/password-env": "SECRET"}
	wrong := map[string]string{"lull/password-env": "WRONG"}
	for name, tt := range map[string]struct {
		run    func(*testing.T, string, string, map[string]string) other
		engine string
		labels map[string]string
		before string
		says   []string
	}{
		"mysql9.7/variable":     {mysqlOther, "mysql 9.7", wrong, "", []string{"[lull:database]", "no variable WRONG"}},
		"mysql9.7/privilege":    {mysqlOther, "mysql 9.7", weak, "CREATE USER weak IDENTIFIED BY '" + weakSecret + "'", []string{"[lull:database]", "GRANT ", "BACKUP_ADMIN"}},
		"mariadb11.8/privilege": {mysqlOther, "mariadb 11.8", weak, "CREATE USER weak IDENTIFIED BY '" + weakSecret + "'", []string{"[lull:database]", "GRANT ", "SLAVE MONITOR"}},
		"redis8.0/privilege":    {redisOther, "redis 8.0", weak, "ACL SETUSER weak on >" + weakSecret + " +ping +info", []string{"[lull:", "ACL SETUSER weak"}},
		"redis8.0/password":     {redisOther, "redis 8.0", map[string]string{"lull/user": "weak", "lull/password-env": "SECRET"}, "", []string{"[lull:database]", "lull/password-file"}},
		"valkey8.1/paused":      {redisOther, "valkey 8.1", nil, "CLIENT PAUSE 600000 WRITE", []string{"[lull:database]", "pause"}},
	} {
		t.Run(name, func(t *testing.T) {
			if !slices.Contains(usual, name) {
				harness.Full(t)
			}
			labels := map[string]string{"lull/pause-budget": "1m", "lull/require": "clean"}
			for k, v := range tt.labels {
				labels[k] = v
			}
			engine, version, _ := strings.Cut(tt.engine, " ")
			db := tt.run(t, engine, version, labels)
			if tt.before != "" {
				db.do(t, tt.before)
			}
			before := db.state(t)
			refused(t, db.Container, tt.says...)
			if after := db.state(t); after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// A server that serves a socket file alone is told how to listen on loopback.
func TestSocketOnly(t *testing.T) {
	d := harness.Shared(t)
	c := d.Run(t, harness.ContainerOptions{Image: "redis:8.0", Labels: map[string]string{"lull/pause-budget": "1m"},
		Args: []string{"redis-server", "--port", "0", "--unixsocket", "/tmp/redis.sock"}})
	ping := func() bool {
		return d.TryCtr(t, "tasks", "exec", "--exec-id", harness.Name(t, "x"), c.ID, "redis-cli", "-s", "/tmp/redis.sock", "PING").Stdout == "PONG\n"
	}
	harness.Eventually(t, "it answers on its socket", ping)
	refused(t, c, "[lull:database]", "no process of the container listens on TCP", "port 6379 and bind 127.0.0.1")
	if !ping() {
		t.Error("it does not answer any more")
	}
}
