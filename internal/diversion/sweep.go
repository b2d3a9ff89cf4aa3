package diversion

import (
	"errors"
	"path/filepath"
	"slices"
)

// sweep plans the end of what a killed call left behind: programs that were
// replaced, and such as are not complete.
func sweep(p *Plan, r Record) {
	for _, file := range slices.Concat(r.Files, r.Shims) {
		if left := leftovers(file); len(left) > 0 {
			p.Actions = append(p.Actions, Action{
				What: "remove what an interrupted call left of " + file,
				do:   func() error { return nil }, // the actions before bear it; an undo may need it
				done: func() error { return removeAll(left) },
			})
		}
	}
}

func leftovers(file string) (left []string) {
	for _, path := range []string{file + old, file + Kept + old} {
		if exists(path) {
			left = append(left, path)
		}
	}
	incomplete, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "."+filepath.Base(file)+next+"*"))
	return append(left, incomplete...)
}

func removeAll(paths []string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, remove(path))
	}
	return errors.Join(errs...)
}
