package docker

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// A restored container outlives a dockerd that is killed, where it is told to
// let containers live, and is checkpointed and restored by the next one.
func TestLiveRestore(t *testing.T) {
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29", Keys: map[string]any{"live-restore": true}})
	r := postgres().run(t, d, append(patient, "--health-cmd", "pg_isready --quiet --username postgres", "--health-interval", "2s")...)
	r.checkpoint(t, "first")
	r.stopped(t)
	r.start(t, "first")
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	pid := r.PID(t)
	if err := d.Dockerd.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := d.Dockerd.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Wait(t, 10)
	if now := r.PID(t); now != pid {
		t.Errorf("its process was %d and is %d", pid, now)
	}
	// dockerd has forgotten how to say that a checkpoint shall stop it
	start, end := l.Cut(func() { r.checkpoint(t, "second", "--leave-running") })
	d.Docker(t, "kill", r.name)
	r.stopped(t)
	r.comesBackTo(t, "second", l, start, end)
	r.lives(t)
	r.ends(t)
}
