package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// faults counts the errors that a check reports, instead of failing.
type faults struct {
	testing.TB
	n int
}

func (f *faults) Helper() {}

func (f *faults) Errorf(string, ...any) { f.n++ }

func TestTreeSeesEveryChange(t *testing.T) {
	change := map[string]func(file string) error{
		"contents, under the same size and mtime": func(file string) error { return rewrite(file, []byte("2")) },
		"touched, and set back":                   func(file string) error { return rewrite(file, []byte("1")) },
		"mode":                                    func(file string) error { return os.Chmod(file, 0o600) },
		"removed":                                 os.Remove,
		"added":                                   func(file string) error { return os.WriteFile(file+".new", nil, 0o644) },
		"a link to it":                            func(file string) error { return os.Link(file, file+".link") },
	}
	for name, f := range change {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, "sub", "file")
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("1"), 0o644); err != nil {
				t.Fatal(err)
			}
			was := TreeOf(t, root)
			was.Same(t, root)
			time.Sleep(10 * time.Millisecond) // the clock that stamps files is a coarse one
			if err := f(file); err != nil {
				t.Fatal(err)
			}
			found := &faults{TB: t}
			was.Same(found, root)
			was.SameBelow(found, root)
			if found.n != 2 {
				t.Errorf("%d of 2 checks saw it", found.n)
			}
		})
	}
}

func rewrite(file string, data []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, data, 0); err != nil {
		return err
	}
	return os.Chtimes(file, info.ModTime(), info.ModTime())
}
