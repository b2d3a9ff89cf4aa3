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

// quiesceIdle pauses an idle database twenty times, by lull and by the stock
// shim, and takes the times of the steps from the manifests of checkpoints.
func quiesceIdle(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
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
	quiet := steps(t, r, pg)
	r.ratio("quiesce", r.series("quiesce", "ms", quiet)/goal)
	r.note("RATIO quiesce is the quiesce over its goal of %d ms", goal)
}

func pause(t *T, pg *harness.Postgres) float64 {
	o := pg.Daemon.TryCtr(t, "tasks", "pause", pg.ID)
	pg.Daemon.Ctr(t, "tasks", "resume", pg.ID)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return millis(o.Took)
}

// steps adds a series for each step and gives the sums of those before the
// freeze.
func steps(t *T, r *Result, pg *harness.Postgres) (quiet []float64) {
	times := map[string][]float64{}
	var names []string
	for range pairs {
		m := manifestOf(t, pg)
		freeze := slices.IndexFunc(m.Steps, func(s manifest.Step) bool { return s.Name == "freeze" })
		quiet = append(quiet, m.Steps[freeze].Start-m.Steps[0].Start)
		for _, s := range m.Steps {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
			times[s.Name] = append(times[s.Name], s.Millis)
		}
	}
	for _, name := range names {
		r.series("step "+name, "ms", times[name])
	}
	return quiet
}

func manifestOf(t *T, pg *harness.Postgres) *manifest.Manifest {
	dir, err := os.MkdirTemp(pg.Daemon.Data, "images-")
	if err != nil {
		t.Fatal(err)
	}
	pg.Daemon.Ctr(t, "tasks", "checkpoint", "--image-path", dir, pg.ID)
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	dropCaptures(t, pg.Daemon)
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
