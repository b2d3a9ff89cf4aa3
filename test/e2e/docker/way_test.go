package docker

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// dockerd would remove a container of --rm with the checkpoint that stops it.
func TestRemovedWhenItStops(t *testing.T) {
	d := harness.StartDocker(t, harness.DockerOptions{Version: "28"})
	r := redis().run(t, d, "--rm")
	pid := r.PID(t)
	if o := d.Try(t, "checkpoint", "create", r.name, "cut"); o.Code == 0 || !strings.Contains(o.Stderr, "a container without --rm") {
		t.Fatalf("a checkpoint of --rm that stops: %s", o)
	}
	if now := r.PID(t); now != pid {
		t.Fatalf("its process was %d and is %d", pid, now)
	}
	d.Docker(t, "checkpoint", "create", "--leave-running", r.name, "cut")
}

// While lull copies volumes for a checkpoint, docker pause, which holds dockerd's
// lock, does not wait for it.
func TestPauseBehindAPrecopy(t *testing.T) {
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "28"})
	r := redis().run(t, d, "--label", "lull/pause-budget=10s")
	const copies = "checkpoint.pre-copy"
	d.Fail(t, copies, "hang") // a copy that does not even hear that it is to end
	taking := d.StartLull(t, "checkpoint", r.ID, "lull.test/copied:1")
	harness.Eventually(t, "the copy hangs", func() bool { return d.Hangs(copies) })
	if o := d.Try(t, "pause", r.name); o.Code == 0 || !strings.Contains(o.Stderr, "under way") {
		t.Errorf("a pause behind a copy that hangs: %s", o)
	}
	if s := d.Inspect(t, r.name, "{{.State.Status}}"); s != "running" {
		t.Errorf("it is %s", s)
	}
	d.Unfail(t, copies)
	if o := taking.Wait(t); o.Code == 0 || !strings.Contains(o.Stderr, "take the checkpoint again") {
		t.Errorf("a pre-copy that somebody paused: %s", o)
	}
	d.Docker(t, "pause", r.name)
	d.Docker(t, "unpause", r.name)
	r.waitAnswer(t)
}
