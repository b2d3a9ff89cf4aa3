package docker

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// Docker's checkpoints go with their container. Saved before, one brings the
// container back as it was made: `lull restore NAME:CHECKPOINT`.
func TestRemoved(t *testing.T) {
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	t.Run("networks", func(t *testing.T) {
		r := inTwoNetworks(t, d)
		r.comesBackRemoved(t)
		resolves(t, r)
	})
	t.Run("links", func(t *testing.T) {
		friend := idle(t, d)
		r := redis().run(t, d, append(patient, "--link", friend+":friend")...)
		r.comesBackRemoved(t)
		if o := d.Docker(t, "exec", r.name, "getent", "hosts", "friend"); !strings.Contains(o, "friend") {
			t.Errorf("the link: %s", o)
		}
	})
}

func inTwoNetworks(t *testing.T, d *harness.Docker) *running {
	t.Helper()
	fixed := harness.Name(t, "net")
	d.Docker(t, "network", "create", "--subnet", "10.97.0.0/24", fixed)
	t.Cleanup(func() { _ = d.Try(t, "network", "rm", fixed) })
	other := harness.Name(t, "net")
	d.Docker(t, "network", "create", other)
	t.Cleanup(func() { _ = d.Try(t, "network", "rm", other) })
	idle(t, d, "--network", other, "--network-alias", "neighbour")
	r := redis().run(t, d, append(patient, "--network", fixed, "--ip", "10.97.0.77", "--hostname", "cache", "--memory", "512m")...)
	d.Docker(t, "network", "connect", "--alias", "db", other, r.name)
	return r
}

// asMade is how Docker shows what a container was made of.
const asMade = "{{json .Config}}\n{{json .HostConfig}}\n{{json .Mounts}}\n" +
	"{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{json $n.Aliases}} {{json $n.IPAMConfig}} {{json $n.Links}}\n{{end}}"

// comesBackRemoved checkpoints a database under load, removes it and restores it.
func (r *running) comesBackRemoved(t *testing.T) {
	t.Helper()
	made, name := r.d.Inspect(t, r.name, asMade), r.name
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	start, end := l.Cut(func() { r.checkpoint(t, "cut") })
	r.stopped(t)
	r.d.LullJSON(t, "docker-save", name)
	r.d.Docker(t, "rm", name)
	restored := l.Log.Now()
	id := r.d.LullJSON(t, "restore", name+":cut")["container"].(string)
	r.Container = r.d.Handle(id)
	r.store = r.inside(r)
	r.waitAnswer(t)
	l.Wait(t, 10)
	l.Check(t, ledger.Continues(start, end, restored))
	if now := r.d.Inspect(t, name, asMade); now != made {
		t.Errorf("it was made of\n%s\nand is now\n%s", made, now)
	}
}
