package engine

import (
	"errors"
	"math"
	"testing"

	"github.com/lull-containers/lull/volume"
)

// What goes onto one file system is asked for together, memory and captures.
func TestDemands(t *testing.T) {
	dir := t.TempDir()
	free, err := volume.Free(dir)
	if err != nil {
		t.Fatal(err)
	}
	half := free/2 + free/8
	for name, c := range map[string]struct {
		all  demands
		fits bool
	}{
		"nothing":             {nil, true},
		"one":                 {demands{{dir, half}}, true},
		"two on one disk":     {demands{{dir + "/images", half}, {dir + "/store", half}}, false},
		"two on two disks":    {demands{{dir, half}, {"/proc/self", 0}}, true},
		"more than there is":  {demands{{dir + "/not/there", math.MaxInt64}}, false},
		"nothing, on no disk": {demands{{"/proc/self", 0}}, true},
	} {
		if err := c.all.fit(); (err == nil) != c.fits || err != nil && !errors.Is(err, volume.ErrRoom) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
