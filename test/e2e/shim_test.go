package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// TestShim is about what a client of containerd sees of lull's shim.
func TestShim(t *testing.T) {
	t.Run("serves", serves)
	t.Run("as stock", asStock)
	t.Run("exec", execs)
	t.Run("log", unreadLog)
	t.Run("daemon", daemonRestarts)
}

const (
	stockShim = "containerd-shim-runc-v2"
	lullShim  = "containerd-shim-lull-v2"
	lullV2    = "io.containerd.lull.v2"
)

// serves asks which program serves a container: lull's shim only those with a
// database, and then in either place.
func serves(t *testing.T) {
	d := harness.Shared(t)
	sleep := []string{"sleep", "1000"}
	labelled := annotations("lull/engine", "postgres")
	tests := map[string]struct {
		run  harness.ContainerOptions
		want string
	}{
		"no database":                 {harness.ContainerOptions{Image: "busybox:lab", Args: sleep}, stockShim},
		"no database, lull's name":    {harness.ContainerOptions{Image: "busybox:lab", Args: sleep, Runtime: lullV2}, stockShim},
		"no database, and says it is": {harness.ContainerOptions{Image: "busybox:lab", Args: sleep, Annotations: labelled}, lullShim},
		"a database switched off":     {harness.ContainerOptions{Image: "postgres:17", Args: sleep, Annotations: annotations("lull/engine", "none")}, stockShim},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := d.Run(t, tt.run)
			if got := shimOf(t, c); got != programs(d)[tt.want] {
				t.Errorf("served by %s", got)
			}
		})
	}
	for name, runtime := range map[string]string{"database": "", "database, lull's name": lullV2} {
		t.Run(name, func(t *testing.T) {
			pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Runtime: runtime}})
			if got := shimOf(t, pg.Container); got != programs(d)[lullShim] {
				t.Errorf("served by %s", got)
			}
		})
	}
}

func programs(d *harness.Daemon) map[string]string {
	return map[string]string{stockShim: d.Lab.Path(stockShim), lullShim: filepath.Join(d.Bin(), lullShim)}
}

// shimOf is the program that the container's shim runs.
func shimOf(t *testing.T, c *harness.Container) string {
	t.Helper()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", c.ShimPID(t)))
	if err != nil {
		t.Fatal(err)
	}
	return exe
}
