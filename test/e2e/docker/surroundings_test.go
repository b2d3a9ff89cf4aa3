package docker

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// surroundings are the network, the mounts and the shared memory that Docker
// gives a container.
type surroundings struct {
	full bool // in a full run only
	run  func(*testing.T, *harness.Docker) *running
	also func(*testing.T, *running) // what has to hold before and after
}

// Whatever its surroundings, a database is back in them, with all that was
// acknowledged. (TestMatrix has the bridge with published ports and named
// volumes.)
func TestSurroundings(t *testing.T) {
	all := map[string]surroundings{
		"named network":       {run: inNamedNetwork, also: resolves},
		"host's network":      {full: true, run: bare(redis(), "--network", "host")},
		"container's network": {full: true, run: inContainersNetwork},
		"bind mount":          {full: true, run: onBindMount},
		"anonymous volume":    {full: true, run: bare(redis())},
		"ipc private":         {full: true, run: bare(postgres(), "--ipc", "private")},
		"ipc shareable":       {run: bare(postgres(), "--ipc", "shareable")},
		"ipc none":            {full: true, run: bare(postgres(), "--ipc", "none")},
	}
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			if s.full {
				harness.Full(t)
			}
			r := s.run(t, d)
			if s.also == nil {
				s.also = func(*testing.T, *running) {}
			}
			s.also(t, r)
			r.comesBack(t)
			s.also(t, r)
		})
	}
	t.Run("ipc container's", func(t *testing.T) { inContainersIPC(t, d) })
	t.Run("ipc host", func(t *testing.T) {
		harness.Full(t)
		r := bare(postgres(), "--ipc", "host")(t, d)
		o := d.Try(t, "checkpoint", "create", r.name, "cut")
		if o.Code == 0 || !strings.Contains(o.Stderr, "[lull:preflight]") || !strings.Contains(o.Stderr, "--ipc=private") {
			t.Errorf("with the host's shared memory: %s", o)
		}
		r.waitAnswer(t)
	})
}

// bare runs a database with these flags.
func bare(db database, flags ...string) func(*testing.T, *harness.Docker) *running {
	return func(t *testing.T, d *harness.Docker) *running {
		t.Helper()
		return db.runBare(t, d, append(flags, patient...)...)
	}
}

// patient are labels with which load on the machine decides nothing.
var patient = []string{"--label", "lull/on-drift=rollback", "--label", "lull/pause-budget=1m", "--label", "lull/max-frozen=5m",
	"--label", "lull/restore-deadline=2m"}

// comesBack checkpoints a database, which stops it, and restores it.
func (r *running) comesBack(t *testing.T) {
	t.Helper()
	l := underLoad(t, r.store)
	l.Wait(t, 10)
	start, end := l.Cut(func() { r.checkpoint(t, "cut") })
	r.stopped(t)
	r.comesBackTo(t, "cut", l, start, end)
	r.verified(t)
}

// idle runs a container without a database, and gives its name.
func idle(t *testing.T, d *harness.Docker, flags ...string) string {
	t.Helper()
	flags = append([]string{"--label", "lull/engine=none", "--entrypoint", "sleep"}, flags...)
	c := d.RunDocker(t, redis().image, flags, "100000")
	return d.Inspect(t, c.ID, "{{.Name}}")[1:]
}

func inNamedNetwork(t *testing.T, d *harness.Docker) *running {
	t.Helper()
	name := harness.Name(t, "net")
	d.Docker(t, "network", "create", name)
	t.Cleanup(func() { _ = d.Try(t, "network", "rm", name) })
	idle(t, d, "--network", name, "--network-alias", "neighbour")
	return bare(redis(), "--network", name, "--network-alias", "db")(t, d)
}

// resolves sees that Docker's own names lead to the database and from it.
func resolves(t *testing.T, r *running) {
	t.Helper()
	neighbour := r.neighbour(t)
	for _, name := range []string{"db", r.name} {
		o := r.d.Docker(t, "exec", "--env", "REDISCLI_AUTH="+harness.Canary, neighbour, "redis-cli", "-h", name, "ping")
		if o != "PONG" {
			t.Errorf("%s by the name %s: %s", neighbour, name, o)
		}
	}
	for _, name := range []string{"neighbour", neighbour} {
		if o := r.d.Docker(t, "exec", r.name, "getent", "hosts", name); !strings.Contains(o, name) {
			t.Errorf("the database does not find %s: %s", name, o)
		}
	}
}

// neighbour is the other container that is there.
func (r *running) neighbour(t *testing.T) string {
	t.Helper()
	for name := range strings.FieldsSeq(r.d.Docker(t, "ps", "--filter", "label=lull/engine=none", "--format", "{{.Names}}")) {
		return name
	}
	t.Fatalf("%s has no neighbour", r.name)
	return ""
}

func inContainersNetwork(t *testing.T, d *harness.Docker) *running {
	t.Helper()
	return bare(redis(), "--network", "container:"+idle(t, d))(t, d)
}

// inContainersIPC: what CRIU cannot restore leaves nobody waiting, and comes
// back once what is in its way is gone.
func inContainersIPC(t *testing.T, d *harness.Docker) {
	harness.Full(t)
	neighbour := idle(t, d, "--ipc", "shareable")
	r := bare(postgres(), "--ipc", "container:"+neighbour)(t, d)
	l := underLoad(t, r.store)
	l.Wait(t, 10)
	start, end := l.Cut(func() { r.checkpoint(t, "cut") })
	r.stopped(t)
	o := d.Try(t, "start", "--checkpoint", "cut", r.name)
	if o.Code == 0 || !strings.Contains(o.Stderr, "[lull:restore]") || !strings.Contains(o.Stderr, "restart the container") {
		t.Errorf("with its old memory in the way: %s", o)
	}
	d.Docker(t, "restart", "--time", "0", neighbour)
	r.comesBackTo(t, "cut", l, start, end)
}

func onBindMount(t *testing.T, d *harness.Docker) *running {
	t.Helper()
	return bare(postgres(), "--volume", d.Volume(t)+":"+postgres().data)(t, d)
}
