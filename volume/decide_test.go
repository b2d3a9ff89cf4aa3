package volume

import "testing"

// A rollback that was decided stands whatever becomes of the process, and what
// was written since is kept.
func TestDecideThenKilled(t *testing.T) {
	f := newFixture(t, 2)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	must(t, r.Decide())
	must(t, r.close()) // as a kill would leave it
	if out, err := Recover(t.Context(), f.dsts[0]); out != New || err != nil {
		t.Errorf("Recover: %s, %v", out, err)
	}
	f.is(t, New)
}

func TestDecideThenUndo(t *testing.T) {
	f := newFixture(t, 2)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	must(t, r.Decide())
	must(t, r.Undo(t.Context()))
	f.is(t, Old)
}

func TestDecideThenCommit(t *testing.T) {
	f := newFixture(t, 2)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{})
	must(t, err)
	must(t, r.Decide())
	must(t, r.Commit(t.Context()))
	f.is(t, New)
}
