package harness

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/freezer"
)

// cgroup2Script gives a process cgroup v2 alone, as most machines have it; where
// the kernel's controllers are v1's, without them. The freezer needs none.
const cgroup2Script = `set -e
umount --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec "$@"`

// OnCgroup2 tells whether this machine has cgroup v2 alone. Where it has not,
// the test is run again by a process that has, in a mount namespace of its own,
// and is over for this one. It is for whole tests, not for parts.
func OnCgroup2(t *testing.T) bool {
	t.Helper()
	Require(t)
	if freezer.Unified() {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--mount", "--propagation", "private", "sh", "-c", cgroup2Script, "sh",
		self, "-test.v", "-test.run=^" + t.Name() + "$"}
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+time.Until(end).Round(time.Second).String())
	}
	cmd := exec.CommandContext(t.Context(), "unshare", args...)
	cmd.Env = append(os.Environ(), "LULL_E2E_BIN="+Binaries(t))
	out, err := cmd.CombinedOutput()
	t.Logf("with cgroup2 alone:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return false
}
