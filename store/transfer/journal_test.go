package transfer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestSweepJournals(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old.jsonl"), filepath.Join(dir, "fresh.jsonl")
	for _, path := range []string{old, fresh} {
		must(t, os.WriteFile(path, []byte("\n"), 0o600))
	}
	long := time.Now().Add(-30 * 24 * time.Hour)
	must(t, os.Chtimes(old, long, long))
	gone, err := SweepJournals(dir, time.Now().Add(-time.Hour))
	if err != nil || !slices.Equal(gone, []string{"old.jsonl"}) {
		t.Errorf("%q, %v", gone, err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error(err)
	}
	if gone, err := SweepJournals(filepath.Join(dir, "none"), time.Now()); err != nil || len(gone) > 0 {
		t.Errorf("%q, %v", gone, err)
	}
}
