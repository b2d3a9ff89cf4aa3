package docker

import (
	"sync"
	"testing"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// Twenty databases are started at once. dockerd holds a container's lock while
// it starts it, so that a shim which asked dockerd for labels would hang here.
func TestAtOnce(t *testing.T) {
	const n = 20
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	d.Load(t, redis().image)
	var names []string
	t.Cleanup(func() { _ = d.Try(t, append([]string{"rm", "--force", "--volumes"}, names...)...) })
	for range n {
		name := harness.Name(t, "c")
		d.Docker(t, append([]string{"create", "--name", name, "--label", "lull/mode=fence", "--label", "lull/pause-budget=1m",
			"--label", "lull/max-frozen=5m", "--label", "lull/restore-deadline=2m", redis().image}, redis().args...)...)
		names = append(names, name)
	}
	atOnce(names, func(name string) { answered(t, d.Try(t, "start", name)) })
	served(t, d, names, func(rec state.Record) bool { return rec.Engine == "redis" })
	if harness.FullOr(0, 1) == 0 {
		return
	}
	atOnce(names, func(name string) { answered(t, d.Try(t, "checkpoint", "create", name, "cut")) })
	for _, name := range names {
		(&running{d: d, name: name}).stopped(t)
	}
	atOnce(names, func(name string) { answered(t, (&running{d: d, name: name}).tryStart(t, "cut")) })
	served(t, d, names, func(rec state.Record) bool { return rec.Checkpoint != "" && len(rec.Checked) > 0 })
}

// served sees that each database answers, and is what it has to be to lull.
func served(t *testing.T, d *harness.Docker, names []string, ok func(state.Record) bool) {
	t.Helper()
	for _, name := range names {
		r := &running{Container: d.Handle(d.Inspect(t, name, "{{.Id}}")), database: redis(), d: d, name: name}
		r.store = redis().inside(r)
		r.waitAnswer(t)
		if rec := r.Record(t); !ok(rec) {
			t.Errorf("%s: %+v", name, rec)
		}
	}
}

// atOnce does it for all of them at the same time.
func atOnce(names []string, do func(string)) {
	var all sync.WaitGroup
	for _, name := range names {
		all.Go(func() { do(name) })
	}
	all.Wait()
}

func answered(t *testing.T, o harness.Output) {
	t.Helper()
	if o.Code != 0 {
		t.Error(o)
	}
}
