package volume

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Needs makes nothing, not even the store.
func TestNeeds(t *testing.T) {
	src, store := t.TempDir(), filepath.Join(t.TempDir(), "not", "there")
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(i >> 3)
	}
	if err := os.WriteFile(filepath.Join(src, "a"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(src, "a"), filepath.Join(src, "again")); err != nil {
		t.Fatal(err)
	}
	n, err := Needs(context.Background(), src, store, 0)
	shares, _ := Shares(src)
	switch {
	case err != nil:
		t.Fatal(err)
	case shares && n != 0:
		t.Errorf("%d bytes where blocks are shared", n)
	case !shares && (n < 1<<20 || n > 1<<21):
		t.Errorf("%d bytes for one file of 1 MiB with two names", n)
	}
	if _, err := os.Stat(filepath.Dir(store)); !os.IsNotExist(err) {
		t.Errorf("something was made: %v", err)
	}
	if _, err := Needs(context.Background(), src, store, 1<<10); !shares && !errors.Is(err, ErrTooLarge) {
		t.Errorf("above lull/max-copy: %v", err)
	}
	if free, err := Free(store); err != nil || free <= 0 {
		t.Errorf("free %d: %v", free, err)
	}
}
