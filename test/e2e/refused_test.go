package e2e

import (
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// bench is a daemon whose runc notes what it is called for.
type bench struct {
	*harness.Daemon
	runc *harness.RuncLog
}

func newBench(t *testing.T) *bench {
	t.Helper()
	r := harness.RecordRunc(t)
	return &bench{harness.Start(t, harness.Options{BinDirs: []string{r.Dir}}), r}
}

// refuses is a restore by ctr that must fail with these words, before runc was
// asked to restore anything, and leave nothing of its own. The container's
// record, which ctr leaves behind, is removed.
func (b *bench) refuses(t *testing.T, id, ref string, words ...string) {
	t.Helper()
	c := b.Container(t, id)
	before := b.runc.Count(t, "restore", id)
	o := b.tryRestore(t, id, ref)
	mustRefuse(t, o, words...)
	if n := b.runc.Count(t, "restore", id) - before; n != 0 {
		t.Errorf("runc restored %d times", n)
	}
	c.NoTraces(t)
	c.Remove(t)
}

// lullRefuses is the same by lull itself, which tells the reason by its exit
// code (see lull --help), and leaves no container either.
func (b *bench) lullRefuses(t *testing.T, code int, id, ref string) {
	t.Helper()
	c := b.Container(t, id)
	before := b.runc.Count(t, "restore", id)
	if o := b.TryLull(t, "restore", ref, id); o.Code != code {
		t.Errorf("not exit code %d: %s", code, o)
	}
	if n := b.runc.Count(t, "restore", id) - before; n != 0 {
		t.Errorf("runc restored %d times", n)
	}
	c.NoTraces(t)
	if b.Ctr(t, "containers", "ls", "--quiet") != "" {
		t.Errorf("container %s is left", id)
	}
}

func (b *bench) tryRestore(t *testing.T, id, ref string) harness.Output {
	t.Helper()
	return b.TryCtr(t, "containers", "restore", "--rw", "--live", id, ref)
}

// restores is the proof that a refusal was about nothing else: the same
// restore, by runc, once the reason is gone.
func (b *bench) restores(t *testing.T, pg *harness.Postgres, ref string) {
	t.Helper()
	before := b.runc.Count(t, "restore", pg.ID)
	if o := b.tryRestore(t, pg.ID, ref); o.Code != 0 {
		t.Fatal(o)
	}
	if n := b.runc.Count(t, "restore", pg.ID) - before; n != 1 {
		t.Errorf("runc restored %d times", n)
	}
	pg.WaitAnswer(t)
}

// parked is a database that a checkpoint has stopped, so that its volume is as
// the checkpoint knows it, and whose container is gone.
func (b *bench) parked(t *testing.T, o harness.PostgresOptions) (pg *harness.Postgres, ref string) {
	t.Helper()
	pg = b.Postgres(t, o)
	if err := pg.SetupTutorial(t.Context()); err != nil {
		t.Fatal(err)
	}
	ref = harness.Name(t, "cp") + ":latest"
	b.Lull(t, "checkpoint", "--exit", pg.ID, ref)
	pg.WaitStatus(t, harness.Stopped, harness.NoTask)
	pg.Remove(t)
	return pg, ref
}
