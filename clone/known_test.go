package clone

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/volume"
)

func contents(t *testing.T, h House, name, folder string) *volume.List {
	t.Helper()
	l, file, err := h.Contents(t.Context(), name, folder)
	must(t, err)
	if l == nil {
		t.Skip("the temp folder is on a file system whose times prove nothing: set TMPDIR to a local one")
	}
	kept, err := volume.ReadFile(file)
	must(t, err)
	if kept.Content() != l.Content() || l.Content() == "" {
		t.Errorf("%s has other contents than %s", file, folder)
	}
	return l
}

// What was read is not read again, and what was touched is.
func TestContentsAreReadOnce(t *testing.T) {
	h, folder := house(t), t.TempDir()
	path := filepath.Join(folder, "f")
	must(t, os.WriteFile(path, []byte("then"), 0o600))
	first := contents(t, h, "id.volume-0", folder)
	kept := filepath.Join(h.knownDir(), "id.volume-0.list")
	was, err := os.Stat(kept)
	must(t, err)
	again := contents(t, h, "id.volume-0", folder)
	is, err := os.Stat(kept)
	must(t, err)
	if !os.SameFile(was, is) || again.Content() != first.Content() {
		t.Error("it was read again")
	}
	st, err := os.Stat(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte("now!"), 0o600))
	must(t, os.Chtimes(path, st.ModTime(), st.ModTime()))
	if contents(t, h, "id.volume-0", folder).Content() == first.Content() {
		t.Error("other contents of equal size and mtime were not seen")
	}
}

// Lists go with the last clone of their checkpoint.
func TestTidyForgets(t *testing.T) {
	h := house(t)
	must(t, os.MkdirAll(h.knownDir(), 0o700))
	for _, name := range []string{"memory.list", "memory.lock", "id.volume-0.list", "left.volume-0.list", "left.lock"} {
		must(t, os.WriteFile(filepath.Join(h.knownDir(), name), nil, 0o600))
	}
	c, err := h.Claim("a")
	must(t, err)
	must(t, c.Set(func(r *Record) { r.Memory, r.Checkpoint = filepath.Join(h.MemoryDir(), "memory"), "id" }))
	must(t, h.Tidy())
	left, err := filepath.Glob(filepath.Join(h.knownDir(), "*"))
	if err != nil || len(left) != 3 {
		t.Errorf("%v, %v", left, err)
	}
	must(t, c.Remove())
	must(t, h.Tidy())
	if left, err := filepath.Glob(filepath.Join(h.knownDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A list that a killed process was at is in nobody's way, and one that cannot
// be read is made again.
func TestContentsAfterAKill(t *testing.T) {
	h, folder := house(t), t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "f"), []byte("x"), 0o600))
	must(t, os.MkdirAll(h.knownDir(), 0o700))
	for _, name := range []string{"id.list", "id.list.new"} {
		must(t, os.WriteFile(filepath.Join(h.knownDir(), name), []byte("{torn"), 0o600))
	}
	contents(t, h, "id", folder)
}
