package intent

import (
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if _, ok, err := Take(dir, "default", "db", now); ok || err != nil {
		t.Errorf("none: %v, %v", ok, err)
	}
	fence := Intent{Mode: "fence", Expires: now.Add(time.Minute)}
	for _, late := range []bool{false, true} {
		if err := Announce(dir, "default", "db", fence); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := Take(dir, "other", "db", now); ok || err != nil {
			t.Errorf("another namespace: %v, %v", ok, err)
		}
		at := now
		if late {
			at = fence.Expires
		}
		if got, ok, err := Peek(dir, "default", "db", at); ok == late || err != nil || got != fence {
			t.Errorf("peek, late %v: %v, %v, %v", late, got, ok, err)
		}
		if got, ok, err := Take(dir, "default", "db", at); ok == late || err != nil || got != fence {
			t.Errorf("late %v: %v, %v, %v", late, got, ok, err)
		}
		if _, ok, err := Take(dir, "default", "db", now); ok || err != nil {
			t.Errorf("twice: %v, %v", ok, err)
		}
	}
}

// A client that lets go, or dies, ends what it was on a leash for.
func TestLeash(t *testing.T) {
	dir := t.TempDir()
	l, err := NewLeash(dir, "default", "db")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := Leashed(t.Context(), l.Path())
	defer cancel()
	if !Held(l.Path()) || ctx.Err() != nil {
		t.Error("it is not held")
	}
	for range 2 {
		if err := l.Drop(); err != nil {
			t.Error(err)
		}
	}
	<-ctx.Done()
	free, cancel := Leashed(t.Context(), "")
	defer cancel()
	if free.Err() != nil {
		t.Error("one without a leash has ended")
	}
}
