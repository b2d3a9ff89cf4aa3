package docker

import (
	"sync"
	"testing"

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
		d.Docker(t, append([]string{"create", "--name", name, "--label", "lull/mode=fence", redis().image}, redis().args...)...)
		names = append(names, name)
	}
	atOnce(names, func(name string) { answered(t, d.Try(t, "start", name)) })
	for _, name := range names {
		r := &running{Container: d.Handle(d.Inspect(t, name, "{{.Id}}")), database: redis(), d: d, name: name}
		r.store = redis().inside(r)
		r.waitAnswer(t)
		if rec := r.Record(t); rec.Engine != "redis" {
			t.Errorf("%s is not lull's: %+v", name, rec)
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
