package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// goal is the time that making an idle server quiet may take, in milliseconds.
const goal = 50

// quiesceIdle makes an idle database of every kind quiet, twenty times each. The
// times are those in the manifests of checkpoints. PostgreSQL is paused by lull
// and by the stock shim besides.
func quiesceIdle(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
	pauses(t, r, d)
	for _, k := range idle() {
		c := k.run(t, d)
		settle()
		r.ratio("quiesce "+k.name, r.series("quiesce "+k.name, "ms", steps(t, r, k.name, c))/goal)
		c.Remove(t)
	}
	r.note("RATIO quiesce is the quiesce over its goal of %d ms", goal)
}

// kind is a database to make quiet.
type kind struct {
	name string
	run  func(*T, *harness.Daemon) *harness.Container
}

// idle are the databases in their newest versions, with the modes that they
// have by default.
func idle() []kind {
	mysql := func(engine, version string) func(*T, *harness.Daemon) *harness.Container {
		return func(t *T, d *harness.Daemon) *harness.Container {
			return d.MySQL(t, harness.MySQLOptions{Engine: engine, Version: version}).Container
		}
	}
	redis := func(engine, version string) func(*T, *harness.Daemon) *harness.Container {
		return func(t *T, d *harness.Daemon) *harness.Container {
			return d.Redis(t, harness.RedisOptions{Engine: engine, Version: version,
				ContainerOptions: harness.ContainerOptions{Args: []string{"--appendonly", "yes"}}}).Container
		}
	}
	return []kind{
		{"postgres-18", func(t *T, d *harness.Daemon) *harness.Container {
			return d.Postgres(t, harness.PostgresOptions{Version: "18"}).Container
		}},
		{"mysql-9.7", mysql("mysql", "9.7")}, {"mariadb-11.8", mysql("mariadb", "11.8")},
		{"redis-8.0", redis("redis", "8.0")}, {"valkey-9.1", redis("valkey", "9.1")},
	}
}

func pauses(t *T, r *Result, d *harness.Daemon) {
	pg, stock := d.Postgres(t, harness.PostgresOptions{}), stockPostgres(t, d, harness.PostgresOptions{})
	settle()
	var with, without []float64
	for i := range pairs {
		alternate(i,
			func() { with = append(with, pause(t, pg)) },
			func() { without = append(without, pause(t, stock)) })
	}
	r.series("ctr tasks pause, lull", "ms", with)
	r.series("ctr tasks pause, stock", "ms", without)
	pg.Remove(t)
	stock.Remove(t)
}

func pause(t *T, pg *harness.Postgres) float64 {
	o := pg.Daemon.TryCtr(t, "tasks", "pause", pg.ID)
	pg.Daemon.Ctr(t, "tasks", "resume", pg.ID)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return millis(o.Took)
}

// steps adds a series for each step up to the freeze and gives the sums of
// those before it.
func steps(t *T, r *Result, name string, c *harness.Container) (quiet []float64) {
	times := map[string][]float64{}
	var names []string
	for range pairs {
		m := manifestOf(t, c)
		freeze := slices.IndexFunc(m.Steps, func(s manifest.Step) bool { return s.Name == "freeze" })
		quiet = append(quiet, m.Steps[freeze].Start-m.Steps[0].Start)
		for _, s := range m.Steps[:freeze+1] {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
			times[s.Name] = append(times[s.Name], s.Millis)
		}
	}
	for _, step := range names {
		r.series(name+" "+step, "ms", times[step])
	}
	return quiet
}

func manifestOf(t *T, c *harness.Container) *manifest.Manifest {
	dir, err := os.MkdirTemp(c.Daemon.Data, "images-")
	if err != nil {
		t.Fatal(err)
	}
	c.Daemon.Ctr(t, "tasks", "checkpoint", "--image-path", dir, c.ID)
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	dropCaptures(t, c.Daemon)
	return m
}

// dropCaptures keeps the disk from filling up.
func dropCaptures(t *T, d *harness.Daemon) {
	for _, name := range d.Captures(t) {
		if err := os.RemoveAll(filepath.Join(d.Data, "captures", "checkpoints", name)); err != nil {
			t.Fatal(fmt.Errorf("drop a capture: %w", err))
		}
	}
}
