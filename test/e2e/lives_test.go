package e2e

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// originalLives: while the server of a data folder lives, running or paused,
// no second one gets it, not even with leave to roll back, and the first one
// notices nothing.
func originalLives(t *testing.T, b *bench) {
	pg := b.Postgres(t, harness.PostgresOptions{})
	load := pg.Load(t, 2)
	load.Wait(t, 10)
	ref := ctrCheckpoint(t, pg)
	words := []string{"[lull:lives]", pg.ID, pg.Volume, "stop and delete"}

	t.Run("running", func(t *testing.T) {
		b.refuses(t, harness.Name(t, "second"), ref, words...)
		load.Wait(t, 5)
	})
	t.Run("running-rollback-allowed", func(t *testing.T) {
		id := harness.Name(t, "second")
		b.Lull(t, "allow-rollback", id)
		b.refuses(t, id, ref, words...)
		load.Wait(t, 5)
	})
	t.Run("paused", func(t *testing.T) {
		b.Ctr(t, "tasks", "pause", pg.ID)
		before := harness.TreeOf(t, pg.Volume)
		id := harness.Name(t, "second")
		b.Lull(t, "allow-rollback", id)
		b.refuses(t, id, ref, words...)
		before.Same(t, pg.Volume)
		if s := pg.Status(t); s != harness.Paused {
			t.Errorf("the original is %s", s)
		}
		b.Ctr(t, "tasks", "resume", pg.ID)
	})
	load.Wait(t, 5)
	load.Check(t, ledger.Intact())
	pg.Remove(t)
	pg.NoTraces(t)
}

// secondInSameCgroup: with the data in its own layer a second container has
// data of its own, but ctr gives it the first one's cgroup. Nothing of the
// attempt, nor of its removal, may reach the first.
func secondInSameCgroup(t *testing.T, b *bench) {
	pg := b.Postgres(t, harness.PostgresOptions{Rw: true})
	load := pg.Load(t, 2)
	load.Wait(t, 10)
	ref := ctrCheckpoint(t, pg)
	for _, state := range []harness.Status{harness.Running, harness.Paused} {
		t.Run(strings.ToLower(string(state)), func(t *testing.T) {
			if state == harness.Paused {
				b.Ctr(t, "tasks", "pause", pg.ID)
				defer b.Ctr(t, "tasks", "resume", pg.ID)
			}
			second := b.Container(t, harness.Name(t, "second"))
			mustRefuse(t, b.tryRestore(t, second.ID, ref), "cgroup")
			second.Remove(t)
			second.NoTraces(t)
			if s := pg.Status(t); s != state {
				t.Errorf("the original was %s and is %s", state, s)
			}
		})
		load.Wait(t, 5)
	}
	load.Check(t, ledger.Intact())
	pg.Remove(t)
	pg.NoTraces(t)
}
