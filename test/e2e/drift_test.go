package e2e

import (
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A restore onto files that are not those of the checkpoint is refused, in
// words, and changes nothing.
func TestDrift(t *testing.T) {
	b := newBench(t)
	t.Run("written", func(t *testing.T) { writtenSince(t, b) })
	t.Run("wal-same-size-and-mtime", func(t *testing.T) { changedWAL(t, b) })
	t.Run("rw-same-size-and-mtime", func(t *testing.T) { changedRW(t, b) })
	t.Run("original-lives", func(t *testing.T) { originalLives(t, b) })
	t.Run("original-lives-rw", func(t *testing.T) { secondInSameCgroup(t, b) })
	t.Run("cold", func(t *testing.T) { cold(t, b) })
	b.NoState(t)
}

// drifted is a database that was checkpointed under load, went on, and was lost.
type drifted struct {
	pg         *harness.Postgres
	load       *harness.Load
	ref        string
	start, end time.Duration // of the checkpoint, on the log's clock
}

func drift(t *testing.T, b *bench, annotations map[string]string) *drifted {
	t.Helper()
	pg := b.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{Annotations: annotations}})
	l := &drifted{pg: pg, load: pg.Load(t, 2)}
	l.load.Wait(t, 10)
	l.start, l.end = l.load.Cut(func() { l.ref = ctrCheckpoint(t, pg) })
	l.load.Wait(t, 10)
	pg.Kill(t)
	pg.Remove(t)
	return l
}

func writtenSince(t *testing.T, b *bench) {
	l := drift(t, b, nil)
	before := harness.TreeOf(t, l.pg.Volume)
	b.refuses(t, l.pg.ID, l.ref, "[lull:drift]", l.pg.Volume, "/var/lib/postgresql/data",
		"lull allow-rollback", "lull/on-drift=rollback", "lull/on-drift=cold")
	b.lullRefuses(t, 4, l.pg.ID, l.ref)
	before.Same(t, l.pg.Volume)

	t.Log("the way out that it names first")
	b.Lull(t, "allow-rollback", l.pg.ID)
	restored := l.load.Log.Now()
	b.restores(t, l.pg, l.ref)
	l.load.Wait(t, 10)
	l.load.Check(t, ledger.Continues(l.start, l.end, restored))
	l.pg.Remove(t)
	l.pg.NoTraces(t)

	t.Log("which is good for once")
	b.refuses(t, l.pg.ID, l.ref, "[lull:drift]")
}

// cold starts the database on the volume as it is: nothing is lost, and no
// memory is restored.
func cold(t *testing.T, b *bench) {
	t.Run("annotation", func(t *testing.T) {
		l := drift(t, b, annotations("lull/on-drift", "cold"))
		l.startsCold(t, b)
	})
	t.Run("permit", func(t *testing.T) {
		l := drift(t, b, nil)
		b.Lull(t, "allow-rollback", "--cold", l.pg.ID)
		l.startsCold(t, b)
	})
}

func (l *drifted) startsCold(t *testing.T, b *bench) {
	t.Helper()
	since := l.load.Log.Now()
	if o := b.tryRestore(t, l.pg.ID, l.ref); o.Code != 0 {
		t.Fatal(o)
	}
	l.pg.WaitAnswer(t)
	if n := b.runc.Count(t, "restore", l.pg.ID); n != 0 {
		t.Errorf("runc restored %d times", n)
	}
	l.load.Wait(t, 10)
	l.load.Check(t, ledger.Expect{ProgressAfter: since})
	l.pg.Remove(t)
	l.pg.NoTraces(t)
}
