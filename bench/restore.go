package main

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// parked is a database that was checkpointed and removed.
type parked struct {
	*harness.Postgres
	ref string
}

// restore brings two databases back again and again, one by lull, which
// verifies image, volume and database and rolls the volume back, and one by the
// stock shim. Both have a network namespace in which lo is up: the stock shim
// restores it down.
func restore(t *T, r *Result) {
	d := harness.Start(t, harness.Options{})
	o := large()
	o.Annotations = map[string]string{"lull/on-drift": "rollback"}
	with, without := park(t, d, o, ""), park(t, d, o, d.Lab.Path(stockName))
	var a, b []float64
	var steps [][]manifest.Step
	for i := range rounds {
		alternate(i,
			func() {
				a = append(a, with.comeBack(t))
				steps = append(steps, with.Record(t).Steps)
				with.lose(t)
			},
			func() {
				b = append(b, without.comeBack(t))
				without.lose(t)
			})
	}
	r.ratio("restore", r.series("to the first answer, lull", "ms", a)/r.series("to the first answer, stock", "ms", b))
	for _, s := range slices.Concat(steps...) {
		if !slices.ContainsFunc(r.Series, func(x Series) bool { return x.What == "step "+s.Name }) {
			r.series("step "+s.Name, "ms", timesOf(s.Name, steps))
		}
	}
	r.note("each database has a table of %d MiB in its memory and on its volume", filled)
}

func timesOf(step string, all [][]manifest.Step) (ms []float64) {
	for _, s := range slices.Concat(all...) {
		if s.Name == step {
			ms = append(ms, s.Millis)
		}
	}
	return ms
}

func park(t *T, d *harness.Daemon, o harness.PostgresOptions, runtime string) *parked {
	path := filepath.Join(t.TempDir(), "net")
	if err := netns.Create(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netns.Remove(path); err != nil {
			t.Error(err)
		}
	})
	o.NetNS, o.Runtime = path, runtime
	p := &parked{d.Postgres(t, o), harness.Name(t, "image")}
	p.Inside = ledger.InNetNS(path)
	fill(t, p.Postgres)
	d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", p.ID, p.ref)
	p.lose(t)
	return p
}

// lose ends the database before it writes.
func (p *parked) lose(t *T) {
	p.Kill(t)
	p.Remove(t)
}

// comeBack is the time from the command's start to the first answer.
func (p *parked) comeBack(t *T) float64 {
	began := time.Now()
	c := p.Daemon.StartCtr(t, "containers", "restore", "--rw", "--live", p.ID, p.ref)
	for !p.answers(t) {
		if c.Ended() && c.Wait(t).Code != 0 {
			t.Fatal(c.Wait(t))
		}
		time.Sleep(2 * time.Millisecond)
	}
	took := millis(time.Since(began))
	if o := c.Wait(t); o.Code != 0 {
		t.Fatal(o)
	}
	return took
}

func (p *parked) answers(t *T) bool {
	conn, err := p.Connect(t.Context())
	if err != nil {
		return false
	}
	_, err = conn.Exec(t.Context(), "SELECT 1")
	_ = conn.Close(t.Context()) // the answer is there
	return err == nil
}
