package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/lab"
)

func TestTraces(t *testing.T) {
	dir := t.TempDir()
	d := &Daemon{Daemon: &lab.Daemon{Namespace: "ns", Dir: dir, State: filepath.Join(dir, "state"), Root: filepath.Join(dir, "root")}}
	c := &Container{ID: Name(t, "c"), Daemon: d}
	if left := c.traces(); len(left) > 0 {
		t.Fatalf("of nothing: %q", left)
	}
	plant(t, filepath.Join(d.State, "io.containerd.runtime.v2.task", "ns", c.ID, "config.json"), "{}")
	plant(t, filepath.Join(d.Root, "io.containerd.runtime.v2.task", "ns", c.ID, "restore.log"), "")
	plant(t, filepath.Join(c.StateDir(), "state.json"), "{}")
	plant(t, filepath.Join(d.LullDir(), "permits", "ns", c.ID+".json"), "{}")
	plant(t, filepath.Join(d.LullDir(), "leases", "1.2.3.json"), `{"container":"`+c.ID+`"}`)
	plant(t, filepath.Join(d.LullDir(), "leases", "4.5.6.json"), `{"container":"another"}`)
	shim := exec.Command("sh", "-c", "read -r _", "-id", c.ID)
	in, err := shim.StdinPipe() // it ends with the test
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := shim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shim.Process.Kill(); _ = shim.Wait() }()

	left := strings.Join(c.traces(), "\n")
	for _, what := range []string{"a bundle", "a work folder", "state of lull's", "a permit", "lease: ", "process "} {
		if strings.Count(left, what) != 1 {
			t.Errorf("%q is not there once:\n%s", what, left)
		}
	}
}

// The places are those that lull itself uses.
func TestTracesKnowsThePermit(t *testing.T) {
	dir := t.TempDir()
	d := &Daemon{Daemon: &lab.Daemon{Namespace: "ns", Dir: dir}}
	c := &Container{ID: Name(t, "c"), Daemon: d}
	if err := state.Allow(d.LullDir(), "ns", c.ID, state.Permit{OnDrift: "rollback"}); err != nil {
		t.Fatal(err)
	}
	if left := c.traces(); len(left) != 1 || !strings.HasPrefix(left[0], "a permit") {
		t.Errorf("%q", left)
	}
}

func plant(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
