package install

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// survivor is a container that has to live on.
type survivor struct {
	*harness.Container
	pid int
}

func (h *host) running(t *testing.T, c *harness.Container) survivor {
	t.Helper()
	return survivor{c, c.PID(t)}
}

func (h *host) postgres(t *testing.T) *harness.Postgres {
	t.Helper()
	return h.d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		Annotations: map[string]string{"lull/pause-budget": "1m"},
	}})
}

// survive starts the daemon again and looks for the containers.
func (h *host) survive(t *testing.T, all ...survivor) {
	t.Helper()
	if err := h.d.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		s.WaitStatus(t, harness.Running)
		if pid := s.PID(t); pid != s.pid {
			t.Errorf("container %s: its process was %d and is %d", s.ID, s.pid, pid)
		}
	}
}

// checkpoint sees that a database of lull's is still served in full.
func (h *host) checkpoint(t *testing.T, s survivor) {
	t.Helper()
	h.d.Lull(t, "checkpoint", s.ID, harness.Name(t, "cp")+":latest")
	s.WaitStatus(t, harness.Running)
}
