package carry

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// Killed anywhere, a transfer leaves nothing that could be taken for whole,
// and the next one brings it to its end.
func TestKilled(t *testing.T) {
	here, there := harness.Shared(t), harness.Machine(t)
	db := redis(t, here)
	ref := harness.Name(t, "cp") + ":latest"
	here.Lull(t, "checkpoint", db.ID, ref)
	recipient, identity := keys(t)
	at := "oci:" + filepath.Join(t.TempDir(), "layout") + ":monday"
	push := []string{"push", "--recipient", recipient, ref, at}
	pull := []string{"pull", "--identity", identity, at}

	for _, point := range []string{"push.chunk", "push.manifest"} {
		killed(t, here, point, push...)
		if o := there.TryLull(t, pull...); o.Code == 0 || !strings.Contains(o.Stderr, "is not there") {
			t.Errorf("%s: %s", point, o)
		}
	}
	killed(t, here, "push.referrer", push...) // the name stands for all of it by now
	here.Lull(t, push...)
	for _, point := range []string{"pull.chunk", "pull.blob", "pull.volume", "pull.image"} {
		killed(t, there, point, pull...)
		if o := there.TryLull(t, "restore", ref); o.Code != 3 {
			t.Errorf("%s: it has a name: %s", point, o)
		}
	}
	there.Lull(t, pull...)
	there.Lull(t, "verify", ref)
	killed(t, there, "remove.untagged", "rm", ref) // the image is gone, its captures are anybody's
	there.Lull(t, "prune", "--orphans", "--older-than", "0s")
	if left := there.Captures(t); len(left) > 0 {
		t.Errorf("left in the store: %q", left)
	}
}

// killed runs lull, which dies at a failpoint.
func killed(t *testing.T, d *harness.Daemon, point string, args ...string) {
	t.Helper()
	d.Fail(t, point, "kill")
	if o := d.TryLull(t, args...); o.Code != -1 {
		t.Errorf("%s was not met: %s", point, o)
	}
}
