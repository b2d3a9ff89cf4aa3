package clone

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/volume"
)

func listed(t *testing.T, file, folder string) *volume.List {
	t.Helper()
	l, err := contents(t.Context(), file, folder)
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
	file, folder := filepath.Join(t.TempDir(), "known", "volume-0.list"), t.TempDir()
	path := filepath.Join(folder, "f")
	must(t, os.WriteFile(path, []byte("then"), 0o600))
	first := listed(t, file, folder)
	was, err := os.Stat(file)
	must(t, err)
	again := listed(t, file, folder)
	is, err := os.Stat(file)
	must(t, err)
	if !os.SameFile(was, is) || again.Content() != first.Content() {
		t.Error("it was read again")
	}
	st, err := os.Stat(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte("now!"), 0o600))
	must(t, os.Chtimes(path, st.ModTime(), st.ModTime()))
	if listed(t, file, folder).Content() == first.Content() {
		t.Error("other contents of equal size and mtime were not seen")
	}
}

// Lists go with the last clone of their memory.
func TestTidyForgets(t *testing.T) {
	h := house(t)
	must(t, os.MkdirAll(h.knownDir(), 0o700))
	for _, name := range []string{"memory.list", "memory.list.lock", "left.list", "left.list.lock"} {
		must(t, os.WriteFile(filepath.Join(h.knownDir(), name), nil, 0o600))
	}
	c, err := h.Claim("a")
	must(t, err)
	must(t, c.Set(func(r *Record) { r.Memory, r.Checkpoint = filepath.Join(h.MemoryDir(), "memory"), "id" }))
	must(t, h.Tidy())
	left, err := filepath.Glob(filepath.Join(h.knownDir(), "*"))
	if err != nil || len(left) != 2 {
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
	at, folder := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "f"), []byte("x"), 0o600))
	for _, name := range []string{"id.list", "id.list.new"} {
		must(t, os.WriteFile(filepath.Join(at, name), []byte("{torn"), 0o600))
	}
	listed(t, filepath.Join(at, "id.list"), folder)
}
