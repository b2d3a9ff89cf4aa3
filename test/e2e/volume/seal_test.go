package volume

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// A checkpoint of lull's own is hashed and sealed while the database runs
// again: it answers, is written to and may be exec'd into meanwhile, and none of
// that is in the checkpoint.
func TestSeal(t *testing.T) {
	k := newKilled(t)
	k.start(t)
	t.Run("while it runs", k.sealedRunning)
	t.Run("it fails", k.sealFails)
	k.Kill(t)
	k.Remove(t)
	k.startWith(t, "20s")
	t.Run("the client dies in the pause", k.clientDies)
}

func (k *killed) sealedRunning(t *testing.T) {
	k.write(t)
	cut, ref := k.rows, harness.Name(t, "cp")+":latest"
	k.d.Fail(t, "checkpoint.describe", "hang")
	taking := k.d.StartLull(t, "checkpoint", k.ID, ref)
	harness.Eventually(t, "it is being sealed", func() bool { return k.d.Hangs("checkpoint.describe") })
	k.write(t)
	k.WaitStatus(t, harness.Running)
	k.d.Ctr(t, "tasks", "exec", "--exec-id", "meanwhile", k.ID, "true")
	k.d.Unfail(t, "checkpoint.describe")
	if o := taking.Wait(t); o.Code != 0 {
		t.Fatal(o)
	}
	k.Kill(t)
	k.Remove(t)
	k.d.Lull(t, "restore", "--rollback", ref)
	k.WaitAnswer(t)
	k.rows = cut
	k.whole(t)
}

func (k *killed) sealFails(t *testing.T) {
	before := k.d.Captures(t)
	for _, point := range []string{"checkpoint.describe", "checkpoint.seal"} {
		ref := harness.Name(t, "cp") + ":latest"
		k.d.Fail(t, point, "error")
		if o := k.d.TryLull(t, "checkpoint", k.ID, ref); o.Code != 9 {
			t.Errorf("%s: exit code %d: %s", point, o.Code, o)
		}
		k.goesOn(t, ref, len(before))
	}
}

// clientDies has nobody left who could resume: the watchdog does.
func (k *killed) clientDies(t *testing.T) {
	before := k.d.Captures(t)
	ref := harness.Name(t, "cp") + ":latest"
	k.d.Fail(t, "lull.rw layer", "hang")
	taking := k.d.StartLull(t, "checkpoint", "--no-precopy", k.ID, ref)
	harness.Eventually(t, "it is paused", func() bool { return k.d.Hangs("lull.rw layer") })
	k.WaitStatus(t, harness.Paused)
	taking.Signal(t, unix.SIGKILL)
	k.d.Unfail(t, "lull.rw layer")
	k.WaitRecord(t, "the watchdog thaws", func(r state.Record) bool { return r.Phase == state.Open })
	k.goesOn(t, ref, len(before))
}

func (k *killed) goesOn(t *testing.T, ref string, captures int) {
	t.Helper()
	k.WaitStatus(t, harness.Running)
	k.write(t)
	k.whole(t)
	if o := k.d.TryLull(t, "inspect", ref); o.Code != 3 {
		t.Errorf("it has a name: %s", o)
	}
	if n := len(k.d.Captures(t)); n != captures {
		t.Errorf("%d captures, %d were there before", n, captures)
	}
}
