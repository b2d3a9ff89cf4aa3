package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// shimRSS compares the shims of three databases each: after the start, and
// after checkpoints.
func shimRSS(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
	var with, without []*harness.Postgres
	for i := range 3 {
		alternate(i,
			func() { with = append(with, d.Postgres(t, harness.PostgresOptions{})) },
			func() { without = append(without, stockPostgres(t, d, harness.PostgresOptions{})) })
	}
	settle()
	r.ratio("shim-rss", r.series("lull, started", "MiB", rss(t, with))/r.series("stock, started", "MiB", rss(t, without)))
	for range 3 {
		for _, pg := range append(with, without...) {
			checkpointTo(t, pg)
		}
	}
	settle()
	r.ratio("shim-rss-after-checkpoints", r.series("lull, after 3 checkpoints", "MiB", rss(t, with))/
		r.series("stock, after 3 checkpoints", "MiB", rss(t, without)))
}

// settle lets a start's own work end.
func settle() { time.Sleep(3 * time.Second) }

// stockPostgres is served by the stock shim, in the same daemon.
func stockPostgres(t *T, d *harness.Daemon, o harness.PostgresOptions) *harness.Postgres {
	o.Runtime = d.Lab.Path(stockName)
	return d.Postgres(t, o)
}

// checkpointTo takes a checkpoint into a folder, and removes it.
func checkpointTo(t *T, pg *harness.Postgres) {
	dir, err := os.MkdirTemp(pg.Daemon.Data, "images-")
	if err != nil {
		t.Fatal(err)
	}
	pg.Daemon.Ctr(t, "tasks", "checkpoint", "--image-path", dir, pg.ID)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

// rss is the resident memory of the shims, in MiB.
func rss(t *T, all []*harness.Postgres) (mib []float64) {
	for _, pg := range all {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pg.ShimPID(t)))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		kib, err := strconv.ParseFloat(strings.Fields(rest + " ?")[0], 64)
		if err != nil {
			t.Fatalf("VmRSS: %v", err)
		}
		mib = append(mib, kib/1024)
	}
	return mib
}
