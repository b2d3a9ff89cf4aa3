package volume

import (
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/internal/flock"
)

// What a killed shim left goes; what lives, is held or is another's stays.
func TestSweepLeases(t *testing.T) {
	state := tempDir(t) + "/leases"
	left := func(container string, server bool) {
		l := acquire(t, state, tempDir(t), Holder{Container: container, Namespace: "n"})
		if server {
			must(t, l.Record(sleeper(t).Process.Pid))
		}
		must(t, flock.Close(l.lock)) // as the kernel does for a killed process
	}
	left("dead", false)
	left("dead", false)
	left("other", false)
	left("alive", true)
	held := acquire(t, state, tempDir(t), Holder{Container: "held", Namespace: "n"})
	for _, c := range []string{"dead", "alive", "held"} {
		must(t, SweepLeases(state, "n", c))
	}
	must(t, SweepLeases(state, "another", "other"))
	must(t, SweepLeases(state+"-none", "n", "dead"))

	names := map[string]int{}
	for _, path := range glob(t, state+"/*.json") {
		r, _, err := readHolder(path)
		must(t, err)
		names[r.Container]++
	}
	if len(names) != 3 || names["dead"] != 0 || len(glob(t, state+"/*.lock")) != 3 {
		t.Errorf("left: %v", names)
	}
	must(t, held.Release())
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	must(t, err)
	return found
}
