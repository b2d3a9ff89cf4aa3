package docker

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// docker start has no flag for what shall become of a volume that was written
// since. It is refused, and `lull allow-rollback` gives the answer, once.
func TestAllowRollback(t *testing.T) {
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	r := redis().run(t, d, "--label", "lull/pause-budget=1m", "--label", "lull/max-frozen=5m", "--label", "lull/restore-deadline=2m")
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	start, end := l.Cut(func() { r.checkpoint(t, "cut", "--leave-running") })
	l.Wait(t, 10)
	d.Docker(t, "kill", r.name)
	r.refused(t)

	d.Lull(t, "allow-rollback", r.name)
	r.comesBackTo(t, "cut", l, start, end)
	d.Docker(t, "kill", r.name)
	r.refused(t)

	if ls := d.Docker(t, "checkpoint", "ls", r.name); !strings.Contains(ls, "cut") {
		t.Errorf("docker checkpoint ls: %s", ls)
	}
	d.Docker(t, "checkpoint", "rm", r.name, "cut")
	if ls := d.Docker(t, "checkpoint", "ls", r.name); strings.Contains(ls, "cut") {
		t.Errorf("docker checkpoint ls after its removal: %s", ls)
	}
}

// refused sees that the checkpoint does not go with the volume, and that the
// user is told what to do.
func (r *running) refused(t *testing.T) {
	t.Helper()
	r.stopped(t)
	o := r.tryStart(t, "cut")
	if o.Code == 0 || !strings.Contains(o.Stderr, "[lull:drift]") || !strings.Contains(o.Stderr, "lull allow-rollback") {
		t.Fatalf("the volume was written since: %s", o)
	}
	r.stopped(t)
}
