package captures

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/lull-containers/lull/volume"
)

// foreignDir is the store's folder at the top of another file system.
const foreignDir = ".lull"

// foreignBase is the folder on source's file system that a store belongs in;
// empty: the capture belongs in the store itself, because that is on the same
// file system, because blocks cannot be shared there, or because no folder on
// it lies outside of what is captured.
func foreignBase(store, source string, taken []string) (string, error) {
	shares, err := volume.Shares(source)
	if err != nil || !shares {
		return "", err
	}
	if same, err := volume.SameFileSystem(store, source); err != nil || same {
		return "", err
	}
	base, err := mountOf(source)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(append(taken, source), func(t string) bool { return within(base, t) }) {
		return "", nil
	}
	return base, nil
}

// mountOf is the mount point that a path lies on.
func mountOf(path string) (string, error) {
	found, err := mountinfo.GetMounts(mountinfo.ParentsFilter(path))
	if err != nil {
		return "", err
	}
	best := "/"
	for _, m := range found {
		if len(m.Mountpoint) >= len(best) {
			best = m.Mountpoint
		}
	}
	return filepath.Clean(best), nil
}

// within reports whether path is dir or lies below it. Both are clean.
func within(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}
