package e2e

import (
	"context"
	"maps"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mariadb"
	"github.com/lull-containers/lull/quiesce/mongodb"
	"github.com/lull-containers/lull/quiesce/mysql"
	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/quiesce/redis"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// testedDrivers are the drivers of the agent that this test binary is.
func testedDrivers() []quiesce.Driver {
	return []quiesce.Driver{postgres.Driver{}, mysql.Driver{}, mariadb.Driver{},
		redis.Driver{Engine: quiesce.Redis}, redis.Driver{Engine: quiesce.Valkey}, mongodb.Driver{}}
}

// product is what the suite and the main job need to know of one kind of
// database.
type product interface {
	driver() quiesce.Driver
	image() string
	// data is the folder in the container, password the variable for Target.
	data() string
	password() string
	// args and starting are arguments of a server at a port of the host: one
	// that serves, and one that never gets ready, on files that there are.
	args(port uint16) []string
	starting(t *testing.T, volume string, port uint16) []string
	// stop is the signal for an orderly end.
	stop() string
	// ready, once it serves, makes the users and the table that counts.
	ready(ctx context.Context, port uint16) error
	// isStarting is true for an answer, or none, of a server that starts.
	isStarting(ctx context.Context, port uint16) bool
	connect(ctx context.Context, port uint16, who string) (speaker, error)
	queries() queries
	// run runs one that is only reached in its container, with annotations.
	run(t *testing.T, d *harness.Daemon, annotations map[string]string) database
}

// speaker is one connection.
type speaker interface {
	exec(ctx context.Context, statement string) error
	// texts is the answer of one column.
	texts(ctx context.Context, query string) ([]string, error)
	close()
}

// queries are what quiescetest.Server asks, each of one column of text.
type queries struct{ write, count, waiting, residue, settings, flushed string }

// The connections of the suite's own. Lull's are neither.
const (
	application = "application"
	observer    = "harness"
)

// database is one that is checkpointed.
type database struct {
	*harness.Container
	store      ledger.Store
	waitAnswer func(testing.TB)
}

func engines() map[string]product {
	all := map[string]product{
		"postgres13": postgresEngine{"13"}, "postgres15": postgresEngine{"15"},
		"postgres17": postgresEngine{"17"}, "postgres18": postgresEngine{"18"},
		"mysql9.7":     mysqlEngine{"mysql", "9.7", mysql.Driver{}},
		"mariadb10.11": mysqlEngine{"mariadb", "10.11", mariadb.Driver{}},
		"mariadb11.8":  mysqlEngine{"mariadb", "11.8", mariadb.Driver{}},
		"mongofake":    mongoEngine{},
	}
	maps.Copy(all, redisEngines())
	return all
}

// Every driver passes the suite against the real server in a real container,
// and its database is checkpointed under a writing load and comes back clean.
func TestDriver(t *testing.T) {
	for name, e := range engines() {
		t.Run(name, func(t *testing.T) {
			t.Run("conformance", func(t *testing.T) { quiescetest.Run(t, &suite{e, harness.Shared(t)}) })
			t.Run("left-running", func(t *testing.T) { driverJob(t, e, true) })
			t.Run("stopped", func(t *testing.T) { driverJob(t, e, false) })
		})
	}
}

// driverJob checkpoints a fenced database under load, loses it and has it
// back.
func driverJob(t *testing.T, e product, running bool) {
	d := harness.Shared(t)
	db := e.run(t, d, fenced("lull/on-drift", "rollback", "lull/require", "clean", "lull/pause-budget", "1m"))
	load := harness.LoadOn(t, db.store, trickle())
	load.Wait(t, 20)
	var ref string
	start, end := load.Cut(func() { ref = takeCheckpoint(t, db, running) })
	m := d.Manifest(t, ref)
	if m.Reached.Level != manifest.Clean || m.Transactions.InFlight != 0 || len(m.Held) == 0 {
		t.Errorf("level %+v, transactions %+v, held %+v", m.Reached, m.Transactions, m.Held)
	}
	t.Logf("frozen for %.1f ms; %+v", m.FrozenMillis, m.Steps)
	if running {
		load.Wait(t, 20)
		db.Kill(t)
	}
	db.WaitStatus(t, harness.Stopped, harness.NoTask)
	db.Remove(t)
	restored := load.Log.Now()
	if running {
		d.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	} else {
		d.Lull(t, "restore", ref)
	}
	db.waitAnswer(t)
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	db.Remove(t)
	db.NoTraces(t)
}

func takeCheckpoint(t *testing.T, db database, running bool) string {
	t.Helper()
	ref := harness.Name(t, "cp") + ":latest"
	if running {
		db.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", db.ID, ref)
		return ref
	}
	db.Daemon.Lull(t, "checkpoint", "--exit", db.ID, ref)
	return ref
}
