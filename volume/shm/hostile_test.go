package shm

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archived writes a tar of files that have three bytes each, and claim more.
func archived(t testing.TB, claims int64, names ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: claims}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
	}
	if claims == 3 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// What an archive of somebody else's could do is refused, and the folder is as
// it was.
func TestPutBackRefuses(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a name outside":    archived(t, 3, "../x"),
		"an absolute name":  archived(t, 3, "/x"),
		"a folder's":        archived(t, 3, "a/x"),
		"one of lull's own": archived(t, 3, hidden+"1-old-x"),
		"twice":             archived(t, 3, "x", "x"),
		"a huge size":       archived(t, 1<<50, "x"),
		"no archive":        []byte("no archive at all, but long enough to be looked at"),
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := t.TempDir(), filepath.Join(t.TempDir(), FileName)
			must(t, os.WriteFile(dir+"/x", []byte("old"), 0o600))
			must(t, os.WriteFile(file, raw, 0o600))
			if _, err := PutBack(t.Context(), file, dir); !errors.Is(err, ErrArchive) {
				t.Errorf("it says %v", err)
			}
			if diff := cmp.Diff(map[string]string{"x": "old"}, contents(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzPutBack(f *testing.F) {
	f.Add(archived(f, 3, "x", "PostgreSQL.1"))
	f.Add(archived(f, 3, "../x"))
	f.Add(archived(f, 1<<40, "x"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir, file := t.TempDir(), filepath.Join(t.TempDir(), FileName)
		must(t, os.WriteFile(dir+"/x", []byte("old"), 0o600))
		must(t, os.WriteFile(file, raw, 0o600))
		r, err := PutBack(t.Context(), file, dir)
		if err == nil {
			must(t, r.Undo())
		}
		if diff := cmp.Diff(map[string]string{"x": "old"}, contents(t, dir)); diff != "" {
			t.Error(diff)
		}
	})
}
