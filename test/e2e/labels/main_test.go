// Package labels_test sees with real containers what their labels and lull's
// configuration ask for: commands of the user's, validations, operators,
// credentials; and that a refused checkpoint leaves the database as it was.
package labels_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// refused takes a checkpoint by ctr that has to fail, with these words in one
// line.
func refused(t *testing.T, c *harness.Container, words ...string) {
	t.Helper()
	o := c.Daemon.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), c.ID)
	if o.Code == 0 {
		t.Fatalf("it succeeded: %s", o)
	}
	said := strings.TrimSpace(o.Stderr)
	if strings.Contains(said, "\n") {
		t.Errorf("more than a line: %s", said)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("no %q in: %s", w, said)
		}
	}
	c.WaitStatus(t, harness.Running)
	if frozen, err := c.Freezer(t).Frozen(); err != nil || frozen {
		t.Errorf("the kernel says frozen: %t, %v", frozen, err)
	}
}

// checkpoint takes one by ctr and leaves the container running.
func checkpoint(t *testing.T, c *harness.Container) (ref string) {
	t.Helper()
	ref = harness.Name(t, "cp") + ":latest"
	c.Daemon.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", c.ID, ref)
	return ref
}

func restore(t *testing.T, c *harness.Container, ref string) {
	t.Helper()
	c.Daemon.Ctr(t, "containers", "restore", "--rw", "--live", c.ID, ref)
}

func lose(t *testing.T, c *harness.Container) {
	t.Helper()
	c.Kill(t)
	c.Remove(t)
}
