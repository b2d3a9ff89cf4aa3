package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

const (
	clones      = 8
	cloneMiB    = 1000 // of the table that is in memory and on the volume
	cloneResets = 50
	diverging   = 10 * time.Second
)

// clonesOfOne makes eight clones of one warm PostgreSQL beside the original,
// under load, has them all write at once, and puts one of them back again and
// again; on ext4, where a clone is an overlay, and on XFS, where it shares
// blocks.
func clonesOfOne(t *T, r *Result) {
	for _, kind := range []string{"xfs", "ext4"} {
		d := harness.Start(t, harness.Options{Config: "[defaults]\nmax_frozen = \"10m\"\npause_budget = \"1m\"\n"})
		c := newCloning(t, d, kind)
		c.measure(t, r)
		t.Log(r.Text()) // the whole takes long
		c.removed(t)
	}
	r.note("a table of %d MiB; each clone's writes: rows of it at random places, %s long, all clones at once", cloneMiB, diverging)
}

// cloneBench is one original and its clones.
type cloneBench struct {
	kind     string // of file system
	point    string // where it is mounted
	original *harness.Postgres
	load     *harness.Load
	ref      string
}

func newCloning(t *T, d *harness.Daemon, kind string) *cloneBench {
	c := &cloneBench{kind: kind, point: d.FileSystem(t, kind, 16<<10)}
	o := large()
	o.Volume = filepath.Join(c.point, "db")
	if err := os.Mkdir(o.Volume, 0o755); err != nil {
		t.Fatal(err)
	}
	// The store has to be where blocks can be shared with it.
	store := filepath.Join(c.point, "store")
	harness.MustRun(t, "mkdir", "-p", store, filepath.Join(d.Data, "captures"))
	harness.Mount(t, filepath.Join(d.Data, "captures"), "--bind", store)
	c.original = d.Postgres(t, o)
	c.original.Exec(t, fmt.Sprintf(`CREATE TABLE filled AS SELECT i, repeat('x', 1000) AS text FROM generate_series(1, %d) i`, cloneMiB*1000))
	c.original.Exec(t, `CREATE UNIQUE INDEX ON filled (i)`)
	c.original.Exec(t, `VACUUM filled`)
	c.original.Exec(t, `CHECKPOINT`)
	c.original.Query(t, `SELECT sum(length(text)) FROM filled`)
	c.load = c.original.LoadLike(t, ledger.Load{Clients: 2, Pause: 10 * time.Millisecond})
	c.load.Wait(t, 20)
	c.ref = harness.Name(t, "image")
	d.Lull(t, "checkpoint", c.original.ID, c.ref)
	return c
}

func (c *cloneBench) measure(t *T, r *Result) {
	d := c.original.Daemon
	one := c.start(t, 1)
	alone := r.series(c.kind+": one clone, to its first answer", "ms", one.answered)
	d.Lull(t, "clone", "rm", "--all")
	before := free(t, c.point)
	all := c.start(t, clones)
	r.series(c.kind+": eight at once, to each one's first answer", "ms", all.answered)
	r.series(c.kind+": disk of each, started", "MiB", []float64{(before - free(t, c.point)) / clones})
	r.ratio("clone-eight-"+c.kind, most(all.answered)/alone)
	r.series(c.kind+": memory of each, started", "MiB", memories(t, all.ids))
	writes := diverge(t, all.clones)
	r.series(c.kind+": rows written by each", "rows/s", writes)
	r.series(c.kind+": disk of each, having written", "MiB", []float64{(before - free(t, c.point)) / clones})
	r.series(c.kind+": memory of each, having written", "MiB", memories(t, all.ids))
	t.Log(r.Text())
	c.reset(t, r, all.clones[0])
	c.load.Wait(t, 20)
}

// reset puts a clone back as a test suite would.
func (c *cloneBench) reset(t *T, r *Result, k *harness.Clone) {
	var answered []float64
	for range cloneResets {
		k.Exec(t, "DELETE FROM filled WHERE i <= 10")
		began := time.Now()
		k = c.original.Daemon.Reset(t, k.ID)
		if n := k.Query(t, "SELECT count(*)::text FROM filled WHERE i <= 10"); n != "10" {
			t.Errorf("after a reset %s of 10 rows are there", n)
		}
		answered = append(answered, millis(time.Since(began)))
		t.Logf("%s: reset %d of %d: %.0f ms", c.kind, len(answered), cloneResets, answered[len(answered)-1])
	}
	r.series(c.kind+": reset, to the first answer", "ms", answered)
}

func (c *cloneBench) removed(t *T) {
	d := c.original.Daemon
	d.Lull(t, "clone", "rm", "--all")
	d.NoClones(t)
	c.load.Check(t, ledger.Intact())
	d.Ctr(t, "images", "rm", "--sync", c.ref)
	c.original.Remove(t)
	dropCaptures(t, d)
}

// started are clones, and when each answered for the first time.
type started struct {
	ids      []string
	clones   []*harness.Clone
	answered []float64
}

func (c *cloneBench) start(t *T, n int) (s started) {
	d := c.original.Daemon
	for range n {
		s.ids = append(s.ids, harness.Name(t, "k"))
	}
	s.answered = make([]float64, n)
	var group sync.WaitGroup
	began := time.Now()
	for i, id := range s.ids {
		group.Go(func() { s.answered[i] = c.firstAnswer(t, id, began) })
	}
	s.clones = d.Clone(t, c.ref, s.ids...)
	group.Wait()
	return s
}

// firstAnswer asks a clone from the moment on at which it has an address. 0:
// it never answered.
func (c *cloneBench) firstAnswer(t *T, id string, began time.Time) float64 {
	const patience, pace = 5 * time.Minute, 5 * time.Millisecond
	d := c.original.Daemon
	for time.Since(began) < patience && t.Context().Err() == nil {
		time.Sleep(pace)
		at, ok := d.CloneAddress(id)
		if !ok {
			continue
		}
		if _, err := c.original.At(at).TryQuery(t, "SELECT 1"); err == nil {
			return millis(time.Since(began))
		}
	}
	return 0
}
