package clone

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// Three clones of a database under load, made at once beside the original:
// each is the database of the cut, goes its own way, and is put back.
func TestClone(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	t.Run("bind", func(t *testing.T) { cloneOf(t, d, harness.PostgresOptions{}) })
	t.Run("rw", func(t *testing.T) { harness.Full(t); cloneOf(t, d, harness.PostgresOptions{Rw: true}) })
}

func cloneOf(t *testing.T, d *harness.Daemon, o harness.PostgresOptions) {
	pg := d.Postgres(t, o)
	load := pg.Load(t, 2)
	load.Wait(t, 10)
	var ref string
	start, end := load.Cut(func() { ref = checkpoint(t, pg) })
	before := capturesOf(t, d, ref)
	clones := start3(t, d, ref)
	load.Wait(t, 10) // the original goes on
	for i, c := range clones {
		load.CheckCopy(t, c.Postgres, ledger.AtCut(start, end))
		c.Exec(t, fmt.Sprintf("CREATE TABLE mine AS SELECT %d AS n", i))
	}
	for i, c := range clones {
		if n := c.Query(t, "SELECT n FROM mine"); n != fmt.Sprint(i) {
			t.Errorf("%s has %s", c.ID, n)
		}
	}
	before.same(t)
	resets(t, d, clones[0])
	before.same(t)
	listed(t, d, clones)
	removed(t, d, clones)
	before.same(t)
	load.Check(t, ledger.Intact())
}

func resets(t *testing.T, d *harness.Daemon, c *harness.Clone) {
	t.Helper()
	for range harness.FullOr(3, 50) {
		c.Exec(t, "CREATE TABLE IF NOT EXISTS mine (n int); INSERT INTO mine VALUES (1)")
		was := c.URL
		again := d.Reset(t, c.ID)
		if again.URL != was {
			t.Errorf("its address is %s, was %s", again.URL, was)
		}
		if again.Query(t, "SELECT to_regclass('mine')::text") != "" {
			t.Error("what it wrote is still there")
		}
	}
}

func listed(t *testing.T, d *harness.Daemon, clones []*harness.Clone) {
	t.Helper()
	containers, ours := d.Ctr(t, "containers", "ls", "--quiet"), d.Lull(t, "clone", "ls")
	for _, c := range clones {
		if !strings.Contains(containers, c.ID) || !strings.Contains(ours, c.ID) {
			t.Errorf("%s is not listed:\n%s\n%s", c.ID, containers, ours)
		}
	}
}

func removed(t *testing.T, d *harness.Daemon, clones []*harness.Clone) {
	t.Helper()
	d.Lull(t, "clone", "rm", "--all")
	for _, c := range clones {
		c.NoTraces(t)
		c.NoCable(t)
	}
	d.NoClones(t)
}

func start3(t *testing.T, d *harness.Daemon, ref string) []*harness.Clone {
	t.Helper()
	began := time.Now()
	clones := d.Clone(t, ref, harness.Name(t, "k"), harness.Name(t, "k"), harness.Name(t, "k"))
	t.Logf("three clones: %s", time.Since(began).Round(time.Millisecond))
	return clones
}

func checkpoint(t *testing.T, pg *harness.Postgres) string {
	t.Helper()
	ref := harness.Name(t, "cp") + ":latest"
	pg.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, ref)
	return ref
}

// captures are a checkpoint's, which nothing may ever write.
type captures map[string]harness.Tree

func capturesOf(t *testing.T, d *harness.Daemon, ref string) captures {
	t.Helper()
	all := captures{}
	for _, v := range d.Manifest(t, ref).Volumes {
		all[v.Capture.Path] = harness.TreeOf(t, v.Capture.Path)
	}
	return all
}

func (c captures) same(t *testing.T) {
	t.Helper()
	for path, tree := range c {
		tree.Same(t, path)
	}
}
