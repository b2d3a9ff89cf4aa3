package clone

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// altered: what was read for one clone is trusted by the next one, but not
// when somebody has written to it since, whatever times he gives it.
func altered(t *testing.T, d *harness.Daemon, ref string) {
	name := harness.Name(t, "k")
	d.Clone(t, ref, name)
	for code, folder := range map[int]string{5: d.CloneMemory()[0], 4: d.Manifest(t, ref).Volumes[0].Capture.Path} {
		path := largest(t, folder)
		flip(t, path)
		if o := d.TryLull(t, "reset", name); o.Code != code {
			t.Errorf("%s is altered: %s", path, o)
		}
		flip(t, path)
		d.Reset(t, name).WaitAnswer(t)
	}
	d.Lull(t, "clone", "rm", name)
	gone(t, d, name)
}

func largest(t *testing.T, folder string) (path string) {
	t.Helper()
	var size int64
	must(t, filepath.WalkDir(folder, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Size() > size {
			path, size = at, info.Size()
		}
		return err
	}))
	return path
}

// flip alters one byte, or puts it back, and leaves size and mtime.
func flip(t *testing.T, path string) {
	t.Helper()
	st, err := os.Stat(path)
	must(t, err)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	one, at := make([]byte, 1), st.Size()/2
	_, err = f.ReadAt(one, at)
	must(t, err)
	one[0] ^= 1
	_, err = f.WriteAt(one, at)
	must(t, err)
	must(t, os.Chtimes(path, st.ModTime(), st.ModTime()))
}
