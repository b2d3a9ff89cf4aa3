package isolate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What was archived while the container was isolated stays; all else goes.
func TestReleaseKeepsWhatWasWritten(t *testing.T) {
	dir, file, socket := host(t)
	p := Place{Store: t.TempDir(), Namespace: "default", ID: "db"}
	m := Mark{Since: time.Now()}
	for i, source := range []string{dir, file, socket, dir} {
		s := For(bind(source), i, p.Dir())
		must(t, s.Lay(true))
		m.Mounts = append(m.Mounts, s)
	}
	must(t, os.WriteFile(filepath.Join(m.Mounts[0].Source, "wal"), []byte("isolated"), 0o600))
	must(t, p.Write(m))
	kept, err := p.Release(m, time.Now())
	if err != nil || len(kept) != 1 || kept[0].Destination != "/x" {
		t.Fatalf("%+v, %v", kept, err)
	}
	if raw, err := os.ReadFile(filepath.Join(kept[0].Source, "wal")); err != nil || string(raw) != "isolated" {
		t.Errorf("%q, %v", raw, err)
	}
	if _, err := os.Stat(p.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "wal")); err != nil || string(raw) != "x" {
		t.Errorf("the archive itself: %q, %v", raw, err)
	}
}
