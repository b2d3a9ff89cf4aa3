package labels_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// counting is a service of ours: it counts in memory, writes each number to a
// file, and stands still where the file pause is.
const counting = `n=0
while :; do
  if [ -e /data/pause ]; then touch /data/quiet; else rm -f /data/quiet; n=$((n+1)); echo $n >> /data/log; fi
  sleep 0.02
done`

const (
	pause    = `touch /data/pause; until [ -e /data/quiet ]; do sleep 0.01; done; echo "$LULL_PHASE" >> /data/ran`
	unpause  = `rm -f /data/pause; echo "$LULL_PHASE" >> /data/ran`
	goesOn   = `[ ! -e /data/quiet ] || { echo still quiet >&2; exit 1; }; echo "$LULL_PHASE" >> /data/ran`
	lastLine = `tail -n 1 /data/log`
)

// service is one in a container, with its folder on the host.
type service struct {
	*harness.Container
	volume string
}

func newService(t *testing.T, labels map[string]string) service {
	t.Helper()
	d := harness.Shared(t)
	all := map[string]string{"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/exec-timeout": "1m", "lull/restore-deadline": "2m"}
	for k, v := range labels {
		all[k] = v
	}
	v := d.Volume(t)
	s := service{d.Run(t, harness.ContainerOptions{Image: "busybox:lab", Args: []string{"sh", "-c", counting},
		Labels: all, Mounts: map[string]string{"/data": v, "/cache": d.Volume(t)}}), v}
	s.counts(t)
	return s
}

// file is empty where there is none.
func (s service) file(name string) string {
	data, _ := os.ReadFile(filepath.Join(s.volume, name))
	return string(data)
}

func (s service) put(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.volume, name), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// last is the last whole number that was written.
func (s service) last(t *testing.T) int {
	t.Helper()
	lines := strings.Split(s.file("log"), "\n")
	if len(lines) < 2 {
		return 0
	}
	n, err := strconv.Atoi(lines[len(lines)-2])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// counts waits until the service has gone on, and looks for gaps.
func (s service) counts(t *testing.T) {
	t.Helper()
	before := s.last(t)
	harness.Eventually(t, "the service counts", func() bool { return s.last(t) > before+1 })
	lines := strings.Split(s.file("log"), "\n")
	for i, line := range lines[:len(lines)-1] {
		if line != strconv.Itoa(i+1) {
			t.Fatalf("line %d of the service's file is %q", i+1, line)
		}
	}
}

// A service that is no database is made quiet by its own commands, on the
// original and on the restored copy.
func TestExec(t *testing.T) {
	s := newService(t, map[string]string{"lull/quiesce-exec": pause, "lull/release-exec": unpause, "lull/ready-exec": goesOn,
		"lull/validate.count": lastLine, "lull/validate.count.op": "ge", "lull/validate.same": "head -n 1 /data/log",
		"lull/data-folders": "/data"})
	ref := checkpoint(t, s.Container)
	m := s.Daemon.Manifest(t, ref)
	want := manifest.Held{Setting: "lull/quiesce-exec", Ours: unpause, Release: manifest.ByStatement}
	if m.Database.Engine != "exec" || m.Reached.Level != manifest.Flushed || len(m.Held) != 1 || m.Held[0] != want || len(m.Volumes) != 1 {
		t.Errorf("database %+v, reached %+v, held %+v, volumes %+v", m.Database, m.Reached, m.Held, m.Volumes)
	}
	s.counts(t)
	if ran := s.file("ran"); ran != "quiesce\nrelease\n" {
		t.Errorf("on the original ran %q", ran)
	}
	cut, err := strconv.Atoi(m.Validations[0].Answer)
	if err != nil || s.last(t) <= cut {
		t.Fatalf("%+v (%v), and the service is at %d", m.Validations, err, s.last(t))
	}
	lose(t, s.Container)
	restore(t, s.Container, ref)
	if ran := s.file("ran"); ran != "quiesce\nrelease\nready\n" {
		t.Errorf("on the restored copy ran %q", ran)
	}
	s.counts(t)
	checked := strings.Join(s.Record(t).Checked, "\n")
	for _, fact := range []string{"lull/ready-exec succeeded", `validation count (ge): recorded "` + m.Validations[0].Answer, "validation same (eq)", "not comparable"} {
		if !strings.Contains(checked, fact) {
			t.Errorf("no %q in %s", fact, checked)
		}
	}
	s.Remove(t)
	s.NoTraces(t)
}

// A quiesce that fails is told in a line, and undone.
func TestExecFails(t *testing.T) {
	for name, tt := range map[string]struct {
		quiesce, timeout string
		says             []string
	}{
		"exit code":               {`echo "queue is full" >&2; exit 3`, "1m", []string{"lull/quiesce-exec failed with exit code 3", `"queue is full"`}},
		"no end":                  {`echo waiting; sleep 3600 & sleep 3600`, "5s", []string{"lull/quiesce-exec did not end and was killed", `"waiting"`, "lull/exec-timeout"}},
		"leaves something behind": {`setsid sleep 3600 & true`, "5s", []string{"lull/quiesce-exec did not end and was killed"}},
		"no program":              {`["/no/such/program"]`, "1m", []string{"lull/quiesce-exec did not run", "/no/such/program"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, map[string]string{"lull/quiesce-exec": tt.quiesce, "lull/exec-timeout": tt.timeout,
				"lull/release-exec": `["/bin/touch", "/data/released"]`})
			refused(t, s.Container, tt.says...)
			if _, err := os.Stat(filepath.Join(s.volume, "released")); err != nil {
				t.Errorf("release-exec did not run: %v", err)
			}
			s.counts(t)
			if left := commandsIn(t, s.Container); len(left) > 0 {
				t.Errorf("left of the command: %q", left)
			}
		})
	}
}

// commandsIn are the processes of a command of lull's in the container.
func commandsIn(t *testing.T, c *harness.Container) (found []string) {
	t.Helper()
	pids, err := c.Freezer(t).Pids()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if strings.Contains(string(env), "LULL_EXEC=") {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// A release that fails is not forgotten: the next checkpoint begins with it,
// and is refused until it succeeds.
func TestExecReleaseThatFails(t *testing.T) {
	s := newService(t, map[string]string{"lull/quiesce-exec": `touch /data/pause; echo quiesce >> /data/ran`,
		"lull/release-exec": `[ -e /data/allowed ] || { echo "not allowed" >&2; exit 1; }; rm -f /data/pause; echo release >> /data/ran`})
	s.Daemon.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID) // what became of the release, its error need not tell
	if ran := s.file("ran"); ran != "quiesce\n" {
		t.Fatalf("ran %q", ran)
	}
	for range 2 {
		refused(t, s.Container, "lull/release-exec failed with exit code 1", "not allowed")
	}
	if ran := s.file("ran"); ran != "quiesce\n" {
		t.Errorf("before the release was had, there ran %q", ran)
	}
	s.put(t, "allowed")
	s.Daemon.Ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), s.ID)
	if ran := s.file("ran"); ran != "quiesce\nrelease\nquiesce\nrelease\n" {
		t.Errorf("ran %q", ran)
	}
	s.counts(t)
}
