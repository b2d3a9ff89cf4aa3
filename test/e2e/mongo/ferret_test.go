package mongo

import (
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

const ferretImage = "ferretdb:2.7"

// ferret runs FerretDB in front of its PostgreSQL.
func ferret(t *testing.T, engine string, more ...string) *harness.Mongo {
	t.Helper()
	d := harness.Shared(t)
	a := annotations(append(more, "lull/engine", engine, "lull/on-drift", "rollback", "lull/pause-budget", "1m")...)
	c := d.Run(t, harness.ContainerOptions{
		Image: ferretImage, Annotations: a, Env: map[string]string{"POSTGRES_PASSWORD": harness.Canary},
		Mounts: map[string]string{"/var/lib/postgresql/data": d.Volume(t)},
	})
	m := c.AsMongo("postgres")
	m.Single = true
	m.WaitAnswer(t)
	return m
}

// FerretDB as a MongoDB: the driver works as far as its commands go, and the
// checkpoint is refused by the name of the one that it does not have, with the
// way out.
func TestFerretAsMongo(t *testing.T) {
	d := harness.Shared(t)
	db := ferret(t, quiesce.MongoDB, "lull/user", "postgres", "lull/password-env", "POSTGRES_PASSWORD")
	ferretDriver(t, db)
	load := harness.LoadOn(t, db.Store(), trickle())
	load.Wait(t, 5)
	refuses(t, d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID), "FerretDB", "command fsync", "lull/engine=postgres")
	load.Wait(t, 5)
	load.Check(t, ledger.Intact())
	db.Remove(t)
	db.NoTraces(t)
}

// FerretDB as what it is, a client of a PostgreSQL in the same container: both
// are in the checkpoint, and documents come back as they were at the cut.
func TestFerretAsPostgres(t *testing.T) {
	d := harness.Shared(t)
	db := ferret(t, quiesce.Postgres)
	load := harness.LoadOn(t, db.Store(), ledger.Load{Clients: 2, Pause: 20 * time.Millisecond})
	load.Wait(t, 10)
	var ref string
	start, end := load.Cut(func() { ref = checkpoint(t, db, true) })
	m := d.Manifest(t, ref)
	if m.Reached.Level != manifest.Flushed {
		t.Errorf("reached %+v", m.Reached)
	}
	load.Wait(t, 10)
	db.Kill(t)
	db.Remove(t)
	restored := load.Log.Now()
	d.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	db.WaitAnswer(t)
	load.Wait(t, 10)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	db.Remove(t)
	db.NoTraces(t)
}
