package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

const (
	rounds = 5
	filled = 128 // MiB of a table, read into the server's memory
)

// stall takes checkpoints. The stock shim cannot dump a database with clients,
// so without any the time is compared that the kernel keeps it frozen; with
// clients lull is compared with a bare runc on the same container, by the
// longest time without an acknowledgement.
func stall(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
	pg, stock := d.Postgres(t, large()), stockPostgres(t, d, large())
	for _, p := range []*harness.Postgres{pg, stock} {
		fill(t, p)
	}
	r.note("each database has a table of %d MiB in its memory and on its volume; lull copies the volume while it is frozen", filled)
	frozenIdle(t, r, pg, stock)
	stalledClients(t, r, pg)
}

func large() harness.PostgresOptions {
	return harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		Args: []string{"docker-entrypoint.sh", "postgres", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"},
	}}
}

func fill(t *T, pg *harness.Postgres) {
	pg.Exec(t, fmt.Sprintf(`CREATE TABLE filled AS SELECT i, repeat('x', 1000) AS text FROM generate_series(1, %d) i`, filled*1000))
	pg.Exec(t, `CHECKPOINT`)
	pg.Query(t, `SELECT sum(length(text)) FROM filled`)
}

func frozenIdle(t *T, r *Result, pg, stock *harness.Postgres) {
	var with, without []float64
	for i := range rounds {
		alternate(i,
			func() { with = append(with, frozen(t, pg)) },
			func() { without = append(without, frozen(t, stock)) })
	}
	r.ratio("stall", r.series("ctr c checkpoint, no clients, lull: frozen", "ms", with)/
		r.series("ctr c checkpoint, no clients, stock: frozen", "ms", without))
}

func checkpoint(t *T, pg *harness.Postgres) {
	ref := harness.Name(t, "image")
	pg.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, ref)
	pg.Daemon.Ctr(t, "images", "rm", "--sync", ref)
	dropCaptures(t, pg.Daemon)
}

// frozen is the time from the kernel's first word that the container is frozen
// to its last.
func frozen(t *T, pg *harness.Postgres) float64 {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	freezer := pg.Freezer(t)
	var first, last time.Time
	var watch sync.WaitGroup
	watch.Go(func() {
		for ctx.Err() == nil {
			if is, err := freezer.Frozen(); err == nil && is {
				last = time.Now()
				if first.IsZero() {
					first = last
				}
			}
			time.Sleep(200 * time.Microsecond)
		}
	})
	checkpoint(t, pg)
	cancel()
	watch.Wait()
	if first.IsZero() {
		t.Fatal("it was never seen frozen")
	}
	return millis(last.Sub(first))
}

func stalledClients(t *T, r *Result, pg *harness.Postgres) {
	l := pg.LoadLike(t, ledger.Load{Clients: 4, Pause: 2 * time.Millisecond})
	gap := func(makeIt func()) float64 {
		l.Wait(t, 50)
		start, end := l.Cut(makeIt)
		l.Wait(t, 50)
		return millis(l.Log.History().Stalls(start, end).Overall.Length())
	}
	var with, raw []float64
	for i := range rounds {
		alternate(i,
			func() { with = append(with, gap(func() { checkpoint(t, pg) })) },
			func() { raw = append(raw, gap(func() { bareRunc(t, pg) })) })
	}
	r.ratio("stall-runc", r.series("ctr c checkpoint, 4 clients, lull: stalled", "ms", with)/
		r.series("runc checkpoint --leave-running, 4 clients: stalled", "ms", raw))
	l.Check(t, ledger.Intact())
}

// bareRunc dumps behind containerd's back, and captures no volume.
func bareRunc(t *T, pg *harness.Postgres) {
	d := pg.Daemon
	dir, err := os.MkdirTemp(d.Data, "images-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), d.Lab.Path("runc"), "--root", filepath.Join("/run/containerd/runc", d.Namespace),
		"checkpoint", "--leave-running", "--image-path", dir, "--work-path", dir, pg.ID)
	cmd.Env = d.Lab.Env("TMPDIR=" + d.Temp())
	if o := harness.Run(t, cmd); o.Code != 0 {
		t.Fatal(o)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}
