package engines

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// The freezer, metrics and CRIU's cgroups are others where cgroup v2 is mounted
// alone.
func TestCgroup2(t *testing.T) {
	if !harness.OnCgroup2(t) {
		return
	}
	d := harness.Start(t, harness.Options{})
	for _, database := range []string{"redis 8.0", "postgres 17"}[:harness.FullOr(1, 2)] {
		for how, way := range ways {
			t.Run(strings.ReplaceAll(database+"/"+how, " ", "-"), func(t *testing.T) {
				harness.FillCell(t, "containerd on cgroup2", "2.4", database, how)
				newRun(t, d, database, noShares...).there(t, way)
			})
		}
	}
}

// noShares: ctr asks for the controller of the CPU, which a kernel that lends its
// controllers to v1 does not have.
var noShares = []string{"--cpu-shares", "0"}
