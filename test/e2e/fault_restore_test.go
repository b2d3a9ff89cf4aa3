package e2e

import (
	"testing"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
	"github.com/lull-containers/lull/volume"
)

// restoreFaults fail every step of the restore, rollback included. Each leaves
// the volume as it was, and of the container nothing.
func restoreFaults(t *testing.T) {
	l := newLost(t)
	for _, step := range engine.RestoreSteps() {
		t.Run(step, func(t *testing.T) { l.fails(t, "restore."+step, "error", "failpoint restore."+step) })
	}
	for _, step := range volume.PutBackSteps() {
		t.Run("rollback/"+step, func(t *testing.T) { l.fails(t, "putback."+step, "error", "failpoint putback."+step) })
	}
	for action, words := range map[string]string{"panic": "panicked in verify", "exit": "died in verify", "hang": "no answer to verify in time"} {
		t.Run("driver/"+action, func(t *testing.T) { l.fails(t, "agent.verify", action, "[lull:evidence]", words) })
	}
	t.Run("never started", l.neverStarted)
	t.Run("shim killed", l.shimKilled)
	t.Run("then none", l.comesBack)
}

// restore restores by ctr.
func (l *lost) restore(t *testing.T) harness.Output {
	t.Helper()
	return l.d.TryCtr(t, "containers", "restore", "--rw", "--live", l.ID, l.ref)
}

// fails restores with a fault in the way.
func (l *lost) fails(t *testing.T, failpoint, action string, words ...string) {
	t.Helper()
	l.d.Fail(t, failpoint, action)
	o := l.restore(t)
	l.d.Unfail(t, failpoint)
	mustRefuse(t, o, words...)
	t.Log(o)
	if s := l.Status(t); s == harness.Running || s == harness.Paused {
		t.Errorf("the task is %s", s)
	}
	l.asItWas(t)
}

// neverStarted deletes the task that a restore created: the rollback is taken
// back though no step failed.
func (l *lost) neverStarted(t *testing.T) {
	c, ctx := l.d.Client(t), t.Context()
	image, err := c.GetImage(ctx, l.ref)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.Restore(ctx, l.ID, image, client.WithRestoreImage, client.WithRestoreSpec, client.WithRestoreRuntime, client.WithRestoreRW)
	if err != nil {
		t.Fatal(err)
	}
	task, err := made.NewTask(ctx, cio.NullIO, client.WithTaskCheckpoint(image))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	l.asItWas(t)
}

// shimKilled kills the shim when the volume is rolled back and the database
// runs, but is not verified. A cold start finds what was acknowledged last.
func (l *lost) shimKilled(t *testing.T) {
	const failpoint = "restore.verify"
	l.d.Fail(t, failpoint, "hang")
	c := l.d.StartCtr(t, "containers", "restore", "--rw", "--live", l.ID, l.ref)
	harness.Eventually(t, "it hangs at "+failpoint, func() bool { return l.d.Hangs(failpoint) })
	if len(l.rules(t)) == 0 {
		t.Error("the network is open before the database is verified")
	}
	if err := unix.Kill(l.ShimPID(t), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, c.Wait(t))
	l.d.Unfail(t, failpoint)
	l.WaitStatus(t, harness.NoTask)
	l.Remove(t)
	l.NoTraces(t)
	l.noRules(t)
	l.cold(t)
}

// comesBack is the restore that nothing hinders.
func (l *lost) comesBack(t *testing.T) {
	if o := l.restore(t); o.Code != 0 {
		t.Fatal(o)
	}
	l.WaitAnswer(t)
	l.noRules(t)
	l.load.Check(t, ledger.AtCut(l.start, l.end))
	l.Remove(t)
	l.NoTraces(t)
}
