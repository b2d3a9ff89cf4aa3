package oneshot

import (
	"os"
	"testing"
	"time"
)

func TestTakeGarbageOnce(t *testing.T) {
	c := Container{StateDir: t.TempDir(), Namespace: "default", ID: "db"}
	if err := Leave(c, "notes", "hello", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.path("notes"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := Take[string](c, "notes", time.Now()); ok || err == nil {
		t.Errorf("garbage: %v, %v", ok, err)
	}
	if _, ok, err := Take[string](c, "notes", time.Now()); ok || err != nil {
		t.Errorf("garbage stays: %v, %v", ok, err)
	}
}

func TestKindsAreApart(t *testing.T) {
	c, later := Container{StateDir: t.TempDir(), Namespace: "default", ID: "db"}, time.Now().Add(time.Hour)
	if err := Leave(c, "a", 1, later); err != nil {
		t.Fatal(err)
	}
	if err := Leave(c, "b", 2, later); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := Take[int](c, "a", time.Now()); got != 1 || !ok || err != nil {
		t.Errorf("%v, %v, %v", got, ok, err)
	}
	if got, ok, err := Take[int](c, "b", time.Now()); got != 2 || !ok || err != nil {
		t.Errorf("%v, %v, %v", got, ok, err)
	}
}
