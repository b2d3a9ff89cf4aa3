package e2e

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// changedWAL: one byte of a preallocated WAL segment, behind the last record,
// under the old size and the old mtime. CRIU would not notice, and memory and
// log would be of two databases.
func changedWAL(t *testing.T, b *bench) {
	pg, ref := b.parked(t, harness.PostgresOptions{})
	segment := newestWAL(t, pg.Volume)
	putBack := flip(t, segment)
	before := harness.TreeOf(t, pg.Volume)
	b.refuses(t, pg.ID, ref, "[lull:drift]", pg.Volume, filepath.Base(segment), "contents")
	before.Same(t, pg.Volume)

	t.Log("nothing but that byte was wrong")
	putBack()
	b.restores(t, pg, ref)
	pg.Remove(t)
	pg.NoTraces(t)
}

// newestWAL is a data folder's last segment.
func newestWAL(t *testing.T, data string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "pg_wal", strings.Repeat("[0-9A-F]", 24)))
	if err != nil || len(found) == 0 {
		t.Fatalf("no WAL in %s: %v", data, err)
	}
	return slices.Max(found)
}

// flip changes the last byte of a file and sets its times back. The returned
// function does so once more.
func flip(t *testing.T, name string) func() {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	change := func() {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		if err := os.WriteFile(name, data, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	change()
	return change
}

// changedRW: the same in the container's own layer, which the checkpoint image
// carries beside the memory.
func changedRW(t *testing.T, b *bench) {
	pg, ref := b.parked(t, harness.PostgresOptions{Rw: true})
	var segment string
	altered := b.Alter(t, ref, harness.RW, func(a harness.Archive) harness.Archive {
		f := a.File(t, newestInArchive(t, a))
		segment = path.Base(f.Header.Name)
		f.Flip(t, len(f.Data)-1)
		return a
	})
	b.refuses(t, pg.ID, altered, "[lull:drift]", "/var/lib/postgresql/data", segment, "contents")

	t.Log("nothing but that byte was wrong")
	b.restores(t, pg, ref)
	pg.Remove(t)
	pg.NoTraces(t)
}

func newestInArchive(t *testing.T, a harness.Archive) string {
	t.Helper()
	names := slices.DeleteFunc(a.Names(), func(n string) bool { ok, _ := path.Match("var/lib/postgresql/data/pg_wal/00*", n); return !ok })
	if len(names) == 0 {
		t.Fatalf("no WAL in %q", a.Names())
	}
	return slices.Max(names)
}
