package harness

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/ledger"
)

// Database is any of the servers that the harness runs.
type Database struct {
	*Container
	Store ledger.Store
	// WaitAnswer waits until the server answers a read.
	WaitAnswer func(testing.TB)
}

// Database runs a server by its kind and version, "postgres 17", with its files
// on a bind mount, and waits until it answers.
func (d *Daemon) Database(t testing.TB, kind string, o ContainerOptions) *Database {
	t.Helper()
	engine, version, _ := strings.Cut(kind, " ")
	switch engine {
	case "postgres":
		p := d.Postgres(t, PostgresOptions{Version: version, ContainerOptions: o})
		return &Database{p.Container, p.Store(), p.WaitAnswer}
	case "mysql", "mariadb":
		m := d.MySQL(t, MySQLOptions{Engine: engine, Version: version, ContainerOptions: o})
		return &Database{m.Container, m.Store(), m.WaitAnswer}
	case "redis", "valkey":
		r := d.Redis(t, RedisOptions{Engine: engine, Version: version, ContainerOptions: o})
		return &Database{r.Container, r.Store(), r.WaitAnswer}
	}
	t.Fatalf("no server of the kind %q", kind)
	return nil
}
