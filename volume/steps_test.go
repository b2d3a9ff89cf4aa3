package volume

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The lists of steps, which tests of kills go by, are what really happens.
func TestSteps(t *testing.T) {
	dir := tempDir(t)
	write(t, dir+"/db/file", noise("new", 3000))
	var met []string
	step := func(name string) error { met = append(met, name); return nil }
	list := captured(t, dir+"/db", dir+"/capture", CaptureOptions{Synced: true, Step: step}).List
	if d := cmp.Diff(CaptureSteps(), met); d != "" {
		t.Errorf("capture (-list +met):\n%s", d)
	}
	met = nil
	r, err := PutBack(t.Context(), []Pair{{Capture: dir + "/capture", Dst: dir + "/db", List: list}}, PutBackOptions{Step: step})
	must(t, err)
	met = slices.DeleteFunc(met, func(name string) bool { return !slices.Contains(PutBackSteps(), name) })
	if d := cmp.Diff(PutBackSteps(), met); d != "" {
		t.Errorf("put back (-list +met):\n%s", d)
	}
	must(t, r.Commit(t.Context()))
}
