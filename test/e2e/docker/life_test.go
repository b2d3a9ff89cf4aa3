package docker

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// To Docker a restored container is one like any other, and what Docker does
// with containers leaves a labelled database as it was.
func TestLife(t *testing.T) {
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	r := postgres().run(t, d, "--restart", "always", "--health-cmd", "pg_isready --quiet --username postgres", "--health-interval", "2s",
		"--label", "lull/mode=fence", "--label", "lull/on-drift=rollback", "--label", "lull/pause-budget=1m", "--label", "lull/max-frozen=5m")
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	r.paused(t, l)
	r.committed(t, l)
	r.keptUp(t, l)

	d.Docker(t, "update", "--restart=no", r.name)
	start, end := l.Cut(func() { r.checkpoint(t, "cut") })
	r.stopped(t)
	r.comesBackTo(t, "cut", l, start, end)
	r.lives(t)
	r.ends(t)

	r.start(t, "cut")
	d.Docker(t, "update", "--restart=always", r.name)
	r.startedAgain(t)
	r.lives(t)
	r.ends(t)
}

func (r *running) paused(t *testing.T, l *harness.Load) {
	t.Helper()
	r.d.Docker(t, "pause", r.name)
	if s := r.d.Inspect(t, r.name, "{{.State.Status}}"); s != "paused" {
		t.Errorf("after docker pause it is %s", s)
	}
	r.d.Docker(t, "unpause", r.name)
	l.Wait(t, 10)
}

func (r *running) committed(t *testing.T, l *harness.Load) {
	t.Helper()
	image := r.d.Docker(t, "commit", r.name)
	l.Wait(t, 10)
	r.d.Docker(t, "image", "rm", image)
}

// keptUp: dockerd would start the database again behind a checkpoint that stops
// it.
func (r *running) keptUp(t *testing.T, l *harness.Load) {
	t.Helper()
	pid := r.PID(t)
	o := r.d.Try(t, "checkpoint", "create", r.name, "refused")
	if o.Code == 0 || !strings.Contains(o.Stderr, "docker update --restart=no "+r.name) {
		t.Errorf("with a restart policy: %s", o)
	}
	if now := r.PID(t); now != pid {
		t.Errorf("its process was %d and is %d", pid, now)
	}
	l.Wait(t, 10)
}

// lives sees that a container is served in full.
func (r *running) lives(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "the health check says healthy", func() bool {
		return r.d.Inspect(t, r.name, "{{.State.Health.Status}}") == "healthy"
	})
	said := harness.Name(t, "said")
	r.d.Docker(t, "exec", r.name, "psql", "--username", "postgres", "--quiet", "--command", "DO $$BEGIN RAISE LOG '"+said+"'; END$$")
	harness.Eventually(t, "docker logs has what the database says, and said before", func() bool {
		logs := r.d.Try(t, "logs", r.name).Stderr
		return strings.Contains(logs, said) && strings.Contains(logs, "initialised, ready to start")
	})
	if top := r.d.Docker(t, "top", r.name); !strings.Contains(top, "postgres") {
		t.Errorf("docker top: %s", top)
	}
	harness.Eventually(t, "docker stats shows its memory and processes", func() bool {
		s := strings.Fields(r.d.Docker(t, "stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", r.name))
		return len(s) == 4 && !strings.HasPrefix(s[0], "0B") && s[3] != "0"
	})
}

// ends sees that docker stop ends the server in order.
func (r *running) ends(t *testing.T) {
	t.Helper()
	r.d.Docker(t, "stop", "--time", "120", r.name)
	if got := r.d.Inspect(t, r.name, "{{.State.Status}} {{.State.ExitCode}}"); got != "exited 0" {
		t.Errorf("after docker stop it is %s", got)
	}
}

// startedAgain kills the server, and dockerd starts it again.
func (r *running) startedAgain(t *testing.T) {
	t.Helper()
	pid := r.PID(t)
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "dockerd starts it again", func() bool {
		return r.d.Inspect(t, r.name, "{{.State.Running}} {{.RestartCount}}") == "true 1"
	})
	r.waitAnswer(t)
	if now := r.PID(t); now == pid {
		t.Errorf("its process is still %d", now)
	}
}
