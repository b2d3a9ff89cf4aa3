package docker

import (
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// database is one that is run under Docker.
type database struct {
	name, image string
	port        string
	data        string   // data folder in the container
	env, args   []string // of docker run
}

func postgres() database {
	return database{
		name: "postgres 17", image: "postgres:17", port: "5432", data: "/var/lib/postgresql/data",
		env: []string{"POSTGRES_PASSWORD=" + harness.Canary},
	}
}

func mysql() database {
	return database{
		name: "mysql 9.7", image: "mysql:9.7", port: "3306", data: "/var/lib/mysql",
		env: []string{"MYSQL_ROOT_PASSWORD=" + harness.Canary},
	}
}

func redis() database {
	return database{
		name: "redis 8.0", image: "redis:8.0", port: "6379", data: "/data",
		args: []string{"redis-server", "--requirepass", harness.Canary, "--appendonly", "yes"},
	}
}

// running is a database in a container of Docker's.
type running struct {
	*harness.Container
	database
	d     *harness.Docker
	name  string
	store ledger.Store
}

// run runs a database on a named volume, its port published, and waits for it.
// A published port of Docker's own choice would be another one after a restore.
func (db database) run(t *testing.T, d *harness.Docker, flags ...string) *running {
	t.Helper()
	volume := harness.Name(t, "v")
	d.Docker(t, "volume", "create", volume)
	t.Cleanup(func() { _ = d.Try(t, "volume", "rm", volume) })
	all := []string{"--publish", "127.0.0.1:1" + db.port + ":" + db.port, "--volume", volume + ":" + db.data}
	return db.runBare(t, d, append(all, flags...)...)
}

// runBare is run without a volume and a port of its own.
func (db database) runBare(t *testing.T, d *harness.Docker, flags ...string) *running {
	t.Helper()
	var all []string
	for _, e := range db.env {
		all = append(all, "--env", e)
	}
	c := d.RunDocker(t, db.image, append(all, flags...), db.args...)
	name := d.Inspect(t, c.ID, "{{.Name}}")[1:]
	r := &running{Container: c, database: db, d: d, name: name}
	r.store = db.inside(r)
	r.waitAnswer(t)
	return r
}

// inside is the database's store, reached in the container's own network.
func (db database) inside(r *running) ledger.Store {
	switch db.port {
	case "5432":
		return r.AsPostgres().Store()
	case "3306":
		return r.AsMySQL("mysql").Store()
	default:
		return r.AsRedis("redis").Store()
	}
}

// published is the same, reached as clients of the published port do.
func (r *running) published(t *testing.T) ledger.Store {
	t.Helper()
	at := r.d.Published(t, r.name, r.port)
	switch r.port {
	case "5432":
		return ledger.PostgreSQL{Addr: at, Inside: r.d.InNetwork, User: "postgres", Password: harness.Canary, Database: "postgres"}.Store()
	case "3306":
		return ledger.MySQL{Addr: at, Inside: r.d.InNetwork, User: "root", Password: harness.Canary}.Store()
	default:
		return ledger.Redis{Addr: at, Inside: r.d.InNetwork, Password: harness.Canary}.Store()
	}
}

// waitAnswer waits until the database answers, in the container's network.
func (r *running) waitAnswer(t *testing.T) {
	t.Helper()
	harness.Answers(t, r.store, r.image+" in "+r.name, 3*time.Minute)
}

// underLoad keeps clients writing, with pauses between: speed is no matter here.
func underLoad(t *testing.T, s ledger.Store) *harness.Load {
	t.Helper()
	return harness.LoadOn(t, s, ledger.Load{Clients: 2, Pause: 5 * time.Millisecond})
}
