package lab

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSetEnv(t *testing.T) {
	got := setEnv([]string{"A=1", "B=2", "C=3"}, "B=x", "D=4", "B=y")
	if want := []string{"A=1", "C=3", "B=y", "D=4"}; !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

func TestDaemonNames(t *testing.T) {
	l := &Lab{Layout: Layout{Run: "/run/lull-lab", Data: "/var/lib/lull-lab"}}
	for _, name := range []string{"", "..", "A", "a/b", "a b", "-a", strings.Repeat("a", 21)} {
		if _, err := l.newDaemon(DaemonConfig{Name: name}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	d, err := l.newDaemon(DaemonConfig{Name: "e2e-1"})
	if err != nil || d.Address != "/run/lull-lab/e2e-1/containerd.sock" || d.Namespace != "lull-e2e-1" {
		t.Errorf("%+v, %v", d, err)
	}
	l.Run = "/" + strings.Repeat("long/", 10)
	if _, err := l.newDaemon(DaemonConfig{Name: "e2e"}); err == nil {
		t.Error("a run folder too long for sockets is taken")
	}
}

// Everything that a private containerd writes lies in its own folders, and it
// reads none of the machine's.
func TestConfigStaysInItsFolders(t *testing.T) {
	l := &Lab{Layout: Layout{Run: "/run/lull-lab", Data: "/var/lib/lull-lab"}}
	d, err := l.newDaemon(DaemonConfig{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(d.configText()) {
		_, value, ok := strings.Cut(strings.TrimSpace(line), `= "/`)
		if ok && !strings.HasPrefix(value, "run/lull-lab/x/") && !strings.HasPrefix(value, "var/lib/lull-lab/x/") {
			t.Errorf("outside: %s", line)
		}
	}
	if !strings.Contains(d.configText(), "imports = []") {
		t.Error("the machine's conf.d would be read")
	}
}

func TestImages(t *testing.T) {
	for _, i := range images() {
		for _, e := range i.Config.Entrypoint {
			if i.scripts()[e] == "" {
				t.Errorf("%s: no file images/%s/%s", i.short(), i.Name, e)
			}
		}
	}
	l := &Lab{images: map[string]string{"docker.io/library/postgres:13": "/x"}}
	for _, ref := range []string{"postgres:13", "docker.io/library/postgres:13"} {
		if p, err := l.Image(ref); err != nil || p != "/x" {
			t.Errorf("%s: %q, %v", ref, p, err)
		}
	}
	if _, err := l.Image("postgres:17"); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("image that is not built: %v", err)
	}
	if _, err := l.Image("postgres:9"); err == nil || !strings.Contains(err.Error(), "postgres:13") {
		t.Errorf("unknown image: %v", err)
	}
}
