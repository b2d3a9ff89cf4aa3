package volume

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// place is where a database's files are, and how they have to be captured.
type place struct {
	kind   string // of file system
	method string // of the capture
}

func places() map[string]place {
	return map[string]place{
		"ext4":      {"ext4", "copy"},
		"xfs":       {"xfs", "reflink"},
		"btrfs":     {"btrfs", "reflink"},
		"subvolume": {"btrfs", "snapshot"},
	}
}

// folder makes the folder of a database.
func (p place) folder(t *testing.T, d *harness.Daemon) string {
	t.Helper()
	dir := filepath.Join(d.FileSystem(t, p.kind, 1200), "db")
	if p.method == "snapshot" {
		harness.MustRun(t, "btrfs", "subvolume", "create", dir)
	} else if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// database is one of any product.
type database struct {
	*harness.Container
	store  ledger.Store
	answer func(testing.TB)
}

func products() map[string]func(testing.TB, *harness.Daemon, string) database {
	rollback := harness.ContainerOptions{Annotations: map[string]string{
		"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/max-frozen": "5m", "lull/restore-deadline": "2m",
	}}
	return map[string]func(testing.TB, *harness.Daemon, string) database{
		"postgres": func(t testing.TB, d *harness.Daemon, dir string) database {
			pg := d.Postgres(t, harness.PostgresOptions{Volume: dir, ContainerOptions: rollback})
			return database{pg.Container, pg.Store(), pg.WaitAnswer}
		},
		"mysql": func(t testing.TB, d *harness.Daemon, dir string) database {
			my := d.MySQL(t, harness.MySQLOptions{Version: "9.7", Volume: dir, ContainerOptions: rollback})
			return database{my.Container, my.Store(), my.WaitAnswer}
		},
		"redis": func(t testing.TB, d *harness.Daemon, dir string) database {
			o := rollback
			o.Args = []string{"--appendonly", "yes"}
			r := d.Redis(t, harness.RedisOptions{Version: "8.0", Volume: dir, ContainerOptions: o})
			return database{r.Container, r.Store(), r.WaitAnswer}
		},
	}
}

// A database that was left running and wrote on is brought back to the cut,
// whatever its files are on. Each file system and each product is in the
// ordinary run, all pairs in the full one.
func TestVolume(t *testing.T) {
	ordinary := map[string]string{"ext4": "postgres", "xfs": "mysql", "btrfs": "redis", "subvolume": "postgres"}
	for on, place := range places() {
		for product, start := range products() {
			t.Run(on+"/"+product, func(t *testing.T) {
				if ordinary[on] != product {
					harness.Full(t)
				}
				d := harness.Shared(t)
				db := start(t, d, place.folder(t, d))
				backToTheCut(t, db, place, product == "postgres")
			})
		}
	}
}

// backToTheCut checkpoints by ctr, or by lull, which copies before the freeze.
func backToTheCut(t *testing.T, db database, p place, byLull bool) {
	t.Helper()
	load := harness.LoadOn(t, db.store, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	load.Wait(t, 20)
	ref := harness.Name(t, "cp") + ":latest"
	start, end := load.Cut(func() {
		if byLull {
			db.Daemon.Lull(t, "checkpoint", db.ID, ref)
		} else {
			db.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", db.ID, ref)
		}
	})
	captured(t, db, ref, p)
	load.Wait(t, 20)
	db.Kill(t)
	db.Remove(t)
	restored := load.Log.Now()
	db.Daemon.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	db.answer(t)
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	db.Remove(t)
	db.NoTraces(t)
}

func captured(t *testing.T, db database, ref string, p place) {
	t.Helper()
	m := db.Daemon.Manifest(t, ref)
	if len(m.Volumes) == 0 || m.Volumes[0].Capture == nil {
		t.Fatalf("volumes: %+v", m.Volumes)
	}
	v := m.Volumes[0]
	if v.FileSystem != p.kind || v.Capture.Method != p.method {
		t.Errorf("captured %s by %s, not %s by %s", v.FileSystem, v.Capture.Method, p.kind, p.method)
	}
	t.Logf("frozen %.0f ms; %s", m.FrozenMillis, effort(m))
}

// effort is what the manifest says of the steps that copy.
func effort(m *manifest.Manifest) string {
	text := ""
	for _, s := range m.Steps {
		if s.Note != "" {
			text += s.Name + ": " + s.Note + "; "
		}
	}
	return text
}
