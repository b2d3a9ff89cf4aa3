package volume

import (
	"errors"
	"os"
	"testing"
)

// What is kept aside is listed as long as it is there, and dropped only once
// the new contents stand.
func TestAsides(t *testing.T) {
	t.Parallel()
	f, records := newFixture(t, 2), tempDir(t)
	listed := func() []Aside {
		t.Helper()
		all, err := Asides(t.Context(), records)
		must(t, err)
		return all
	}
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Records: records})
	must(t, err)
	if all := listed(); len(all) != 1 || !all[0].Busy {
		t.Fatalf("under way: %+v", all)
	}
	must(t, r.close()) // as a kill would
	all := listed()
	if len(all) != 1 || all[0].Decided || len(all[0].Kept) != 2 {
		t.Fatalf("killed: %+v", all)
	}
	if err := DropAside(t.Context(), records, all[0].ID); !errors.Is(err, ErrBusy) {
		t.Errorf("the only copy was dropped: %v", err)
	}
	_, err = Recover(t.Context(), f.dsts[0])
	must(t, err)
	f.is(t, Old)
	if all := listed(); len(all) != 0 {
		t.Errorf("recovered: %+v", all)
	}
	onlyIn(t, records)
}

func TestDropAside(t *testing.T) {
	t.Parallel()
	f, records := newFixture(t, 2), tempDir(t)
	r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Records: records})
	must(t, err)
	must(t, r.Decide())
	must(t, r.close())
	all, err := Asides(t.Context(), records)
	must(t, err)
	if len(all) != 1 || !all[0].Decided {
		t.Fatalf("decided: %+v", all)
	}
	must(t, DropAside(t.Context(), records, all[0].ID))
	f.is(t, New)
	for _, kept := range all[0].Kept {
		if _, err := os.Stat(kept); err == nil {
			t.Errorf("%s is still there", kept)
		}
	}
	if err := DropAside(t.Context(), records, all[0].ID); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("twice: %v", err)
	}
}

// A volume that is not mounted now may keep something.
func TestAsideOfAnAbsentVolume(t *testing.T) {
	t.Parallel()
	for name, hide := range hidings {
		f, records := newFixture(t, 1), tempDir(t)
		r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Records: records})
		must(t, err)
		must(t, r.Decide())
		must(t, r.close())
		show := hide(t, f.dsts[0])
		all, err := Asides(t.Context(), records)
		must(t, err)
		if len(all) != 1 || len(all[0].Absent) != 1 || all[0].Decided {
			t.Fatalf("%s: %+v", name, all)
		}
		show()
		must(t, DropAside(t.Context(), records, all[0].ID))
		f.is(t, New)
	}
}

func TestCommitAndUndoEraseTheRecord(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Rollback) error{
		"commit": func(r *Rollback) error { return r.Commit(t.Context()) },
		"undo":   func(r *Rollback) error { return r.Undo(t.Context()) },
	} {
		f, records := newFixture(t, 1), tempDir(t)
		r, err := PutBack(t.Context(), f.pairs, PutBackOptions{Records: records})
		must(t, err)
		must(t, end(r))
		entries, err := os.ReadDir(records)
		must(t, err)
		if len(entries) > 0 {
			t.Errorf("%s left %v", name, entries)
		}
	}
}
