package isolate

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Beside names what somebody could be reached by in a mount that keeps its
// source because folders of the database are in it: another folder, a socket, a
// pipe or a device, on this host. Empty: there is none, or the database has the
// mount for itself.
func Beside(m specs.Mount, folders []string) (string, error) {
	top, inner := strings.TrimSuffix(path.Clean(m.Destination), "/")+"/", []string(nil)
	for _, f := range folders {
		if f, in := strings.CutPrefix(path.Clean(f)+"/", top); in {
			inner = append(inner, strings.TrimSuffix(f, "/"))
		}
	}
	return beside(m.Source, inner)
}

func beside(dir string, inner []string) (string, error) {
	if slices.Contains(inner, "") {
		return "", nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for _, e := range entries {
		below := in(inner, e.Name())
		if len(below) == 0 && harmless(e) {
			continue
		}
		found := filepath.Join(dir, e.Name())
		if len(below) > 0 {
			found, err = beside(found, below)
		}
		if found != "" || err != nil {
			return found, err
		}
	}
	return "", err
}

// in gives what of the paths is below name.
func in(paths []string, name string) (below []string) {
	for _, p := range paths {
		if first, rest, _ := strings.Cut(p, "/"); first == name {
			below = append(below, rest)
		}
	}
	return below
}

// harmless are files, links, and what a file system or lull itself has there.
func harmless(e fs.DirEntry) bool {
	return e.Type().IsRegular() || e.Type()&fs.ModeSymlink != 0 || e.Name() == "lost+found" || strings.HasPrefix(e.Name(), ".lull")
}
