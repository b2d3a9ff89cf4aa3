package shm

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	all := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		all[e.Name()] = string(data)
	}
	return all
}

func saved(t *testing.T) (dir, file string) {
	t.Helper()
	dir, file = t.TempDir(), filepath.Join(t.TempDir(), FileName)
	must(t, os.WriteFile(dir+"/PostgreSQL.1", []byte("one"), 0o600))
	must(t, os.WriteFile(dir+"/sem.x", []byte("two"), 0o640))
	n, err := Save(t.Context(), dir, file)
	if err != nil || n != 2 {
		t.Fatalf("saved %d: %v", n, err)
	}
	return dir, file
}

func TestPutBack(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(*Restored) error
		want map[string]string
	}{
		"commit": {(*Restored).Commit, map[string]string{"PostgreSQL.1": "one", "sem.x": "two", "else": "stays"}},
		"undo":   {(*Restored).Undo, map[string]string{"PostgreSQL.1": "newer", "else": "stays"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := saved(t)
			must(t, os.Remove(dir+"/sem.x"))
			must(t, os.WriteFile(dir+"/PostgreSQL.1", []byte("newer"), 0o600))
			must(t, os.WriteFile(dir+"/else", []byte("stays"), 0o600))
			r, err := PutBack(t.Context(), file, dir)
			must(t, err)
			must(t, end.do(r))
			if d := cmp.Diff(end.want, contents(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSaveOfNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), FileName)
	if n, err := Save(t.Context(), t.TempDir(), file); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

// An archive from elsewhere makes nothing outside, and nothing but files.
func TestHostileArchives(t *testing.T) {
	for name, h := range map[string]tar.Header{
		"outside":  {Name: "../outside", Typeflag: tar.TypeReg},
		"absolute": {Name: "/etc/outside", Typeflag: tar.TypeReg},
		"link":     {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		"device":   {Name: "null", Typeflag: tar.TypeChar},
		"ours":     {Name: hidden + "x", Typeflag: tar.TypeReg},
		"folder":   {Name: "folder", Typeflag: tar.TypeDir},
	} {
		t.Run(name, func(t *testing.T) {
			file, dir := filepath.Join(t.TempDir(), FileName), t.TempDir()
			out, err := os.Create(file)
			must(t, err)
			w := tar.NewWriter(out)
			must(t, w.WriteHeader(&h))
			must(t, errors.Join(w.Close(), out.Close()))
			if _, err := PutBack(t.Context(), file, dir); !errors.Is(err, ErrArchive) {
				t.Errorf("%v", err)
			}
			if all := contents(t, dir); len(all) > 0 {
				t.Errorf("made %v", all)
			}
		})
	}
}
