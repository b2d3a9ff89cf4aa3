package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// story is what a client does with a container and what it is answered, line
// by line, without names and times.
type story struct {
	*harness.Container
	run   harness.ContainerOptions
	lines []string
}

func (s *story) say(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// logTime starts the lines of ctr's log.
var logTime = regexp.MustCompile(`time="[^"]*" `)

// ctr notes how a command ended and what it said.
func (s *story) ctr(t *testing.T, args ...string) {
	t.Helper()
	o := s.Daemon.TryCtr(t, args...)
	anonymous := func(text string) string {
		return strings.TrimSpace(logTime.ReplaceAllString(strings.ReplaceAll(text, s.ID, "ID"), ""))
	}
	s.say("%s → %d %q %q", anonymous(strings.Join(args, " ")), o.Code, anonymous(o.Stdout), anonymous(o.Stderr))
}

// asStock does the same with lull in the stock shim's place and without lull.
// No client may see a difference with a container that has no database, and
// none but the refused checkpoint with one that has.
func asStock(t *testing.T) {
	database := annotations("lull/engine", "postgres")
	tests := map[string]struct {
		tell func(*testing.T, *story)
		run  harness.ContainerOptions
	}{
		"life":                    {life, harness.ContainerOptions{}},
		"life, lull's name":       {life, harness.ContainerOptions{Runtime: lullV2}},
		"life of a database":      {life, harness.ContainerOptions{Annotations: database}},
		"checkpoint":              {checkpoints, harness.ContainerOptions{}},
		"checkpoint, lull's name": {checkpoints, harness.ContainerOptions{Runtime: lullV2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := told(t, harness.SharedStock(t), harness.ContainerOptions{}, tt.tell)
			got := told(t, harness.Shared(t), tt.run, tt.tell)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-stock +lull)\n%s", diff)
			}
		})
	}
}

// counter counts in memory and writes down how far it is.
const counter = `trap 'exit 7' TERM; i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.02; done`

func told(t *testing.T, d *harness.Daemon, run harness.ContainerOptions, tell func(*testing.T, *story)) []string {
	t.Helper()
	run.Image, run.Args = "busybox:lab", []string{"sh", "-c", counter}
	s := &story{Container: d.Run(t, run), run: run}
	s.goesOn(t) // ctr run does not wait for the program to have begun
	tell(t, s)
	return s.lines
}

// life is everything but checkpoints.
func life(t *testing.T, s *story) {
	s.status(t)
	s.ctr(t, "tasks", "exec", "--exec-id", "one", s.ID, "sh", "-c", "echo out; echo err >&2; exit 3")
	s.ctr(t, "tasks", "exec", "--exec-id", "two", s.ID, "no-such-program")
	s.ctr(t, "tasks", "exec", "--detach", "--exec-id", "three", s.ID, "sleep", "1000")
	s.ctr(t, "tasks", "kill", "--exec-id", "three", "--signal", "SIGKILL", s.ID)
	s.ctr(t, "tasks", "pause", s.ID)
	s.status(t)
	s.ctr(t, "tasks", "pause", s.ID)
	s.ctr(t, "tasks", "resume", s.ID)
	s.status(t)
	s.ctr(t, "tasks", "resume", s.ID)
	s.ctr(t, "tasks", "start", s.ID)
	s.ctr(t, "tasks", "delete", s.ID)
	s.ctr(t, "tasks", "kill", "--signal", "SIGTERM", s.ID)
	s.WaitStatus(t, harness.Stopped)
	s.ctr(t, "tasks", "kill", "--signal", "SIGTERM", s.ID)
	s.ctr(t, "tasks", "delete", s.ID)
	s.status(t)
	s.runs(t, "sh", "-c", "echo out; exit 5")
	s.runs(t, "no-such-program")
}

// runs runs another container like this one in the foreground.
func (s *story) runs(t *testing.T, args ...string) {
	t.Helper()
	o := s.Daemon.Foreground(t, s.run, args...)
	s.say("run %q → %d %q %q", args, o.Code, o.Stdout, logTime.ReplaceAllString(o.Stderr, ""))
}

func (s *story) status(t *testing.T) {
	t.Helper()
	s.say("status %s", s.Status(t))
}

// checkpoints takes the container back to where it was.
func checkpoints(t *testing.T, s *story) {
	ref := harness.Name(t, "image")
	began := s.count(t)
	s.takes(t, "containers", "checkpoint", "--task", "--rw", "--image", s.ID, ref)
	s.status(t)
	s.goesOn(t)
	taken := s.count(t)
	s.Kill(t)
	s.Remove(t)
	s.takes(t, "containers", "restore", "--rw", "--live", s.ID, ref)
	s.status(t)
	s.goesOn(t)
	s.say("it went on from the checkpoint, or after: %t", s.count(t) > began && taken > began)
	s.say("the checkpoint has %q", mediaTypes(t, s.Daemon, ref))
	s.takes(t, "tasks", "checkpoint", "--exit", s.ID)
	s.WaitStatus(t, harness.Stopped)
	s.status(t)
}

// takes runs a command whose answer has names in it.
func (s *story) takes(t *testing.T, args ...string) {
	t.Helper()
	o := s.Daemon.TryCtr(t, args...)
	s.say("%s %s → %d %q", args[0], args[1], o.Code, o.Stderr)
}

// goesOn waits until the counter has moved.
func (s *story) goesOn(t *testing.T) {
	t.Helper()
	from := s.count(t)
	harness.Eventually(t, "the counter goes on", func() bool { return s.count(t) > from })
}

// count reads the file until there is a number in it: it may not be there yet,
// and it is empty for a moment whenever it is written.
func (s *story) count(t *testing.T) (n int) {
	t.Helper()
	harness.Eventually(t, "the counter's file has a number", func() bool {
		text := s.Daemon.Ctr(t, "tasks", "exec", "--exec-id", harness.Name(t, "x"), s.ID, "sh", "-c", "cat /count 2>/dev/null || true")
		var err error
		n, err = strconv.Atoi(text)
		return err == nil
	})
	return n
}

func mediaTypes(t *testing.T, d *harness.Daemon, ref string) []string {
	t.Helper()
	var types []string
	for _, m := range d.Checkpoint(t, ref).Index.Manifests {
		types = append(types, m.MediaType)
	}
	slices.Sort(types)
	return types
}
