package diversion

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// resolved is w with every path as the kernel spells it: what is recorded is
// compared with what it says of processes, from whatever folder.
func (w Wanted) resolved() (Wanted, error) {
	for _, path := range []*string{&w.From, &w.Bin, &w.Record} {
		var err error
		if *path, err = resolve(*path); err != nil {
			return w, err
		}
	}
	shims, err := places(w.Shims)
	w.Shims = shims
	return w, err
}

// resolve is the real path of a file, of which the last parts need not be there.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	full, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		dir, err := resolve(filepath.Dir(path))
		return filepath.Join(dir, filepath.Base(path)), err
	}
	return full, err
}

// places are the shims, each once, however many names lead to it: diverting one
// a second time would put the front in the place of the stock shim that was kept.
func places(shims []string) (all []string, err error) {
	for _, shim := range shims {
		dir, err := resolve(filepath.Dir(shim))
		if err != nil {
			return nil, err
		}
		place := filepath.Join(dir, filepath.Base(shim))
		if !slices.ContainsFunc(all, func(other string) bool { return samePlace(place, other) }) {
			all = append(all, place)
		}
	}
	return slices.DeleteFunc(all, func(place string) bool { return leadsTo(place, all) }), nil
}

// samePlace tells whether two paths are one name in one folder, which may be
// mounted twice.
func samePlace(a, b string) bool {
	return filepath.Base(a) == filepath.Base(b) && SameFile(filepath.Dir(a), filepath.Dir(b))
}

// leadsTo tells whether place is a symbolic link to another of them.
func leadsTo(place string, all []string) bool {
	info, err := os.Lstat(place)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		return false
	}
	target, err := filepath.EvalSymlinks(place)
	return err == nil && slices.ContainsFunc(all, func(other string) bool { return samePlace(target, other) })
}

// SameFile tells whether two paths lead to one file. A daemon in a mount namespace
// of its own, of a unit's or seen from a pod, has the host's files all the same.
func SameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
