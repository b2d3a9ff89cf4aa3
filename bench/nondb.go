package main

import (
	"path/filepath"

	"github.com/lull-containers/lull/test/e2e/harness"
)

const (
	stockName = "containerd-shim-runc-v2"
	pairs     = 20 // of samples, where nothing else is said
	runs      = 60 // of containers that do nothing: a few milliseconds count
)

// runNonDB runs a container that does nothing, by lull's front and by the stock
// shim. Both are named by their paths, in one daemon, so that nothing else
// differs.
func runNonDB(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
	d.Need(t, "busybox:lab")
	front, stock := filepath.Join(d.Bin(), stockName), d.Lab.Path(stockName)
	for _, shim := range []string{front, stock, front, stock} { // the first ones find cold caches
		runOnce(t, d, shim)
	}
	var with, without []float64
	for i := range runs {
		alternate(i,
			func() { with = append(with, runOnce(t, d, front)) },
			func() { without = append(without, runOnce(t, d, stock)) })
	}
	r.ratio("run-nondb", r.series("by lull's front", "ms", with)/r.series("by the stock shim", "ms", without))
}

func runOnce(t *T, d *harness.Daemon, shim string) float64 {
	o := d.TryCtr(t, "run", "--rm", "--runtime", shim, "docker.io/library/busybox:lab", harness.Name(t, "c"), "true")
	if o.Code != 0 {
		t.Fatal(o)
	}
	return millis(o.Took)
}

// alternate runs both, the other one first each time.
func alternate(i int, a, b func()) {
	if i%2 == 1 {
		a, b = b, a
	}
	a()
	b()
}
