package shm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lull-containers/lull/internal/flock"
)

// recover undoes what a killed put back left, the last one first.
func (r *Restored) recover() error {
	dir, err := r.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	slices.Sort(names)
	slices.Reverse(names)
	var errs []error
	for _, name := range names {
		switch kind, of := leftover(name); kind {
		case "new":
			errs = append(errs, r.root.Remove(name))
		case "old":
			errs = append(errs, r.root.Rename(name, of))
		}
	}
	return errors.Join(errs...)
}

// leftover takes a hidden name apart; "" is the kind of all others.
func leftover(name string) (kind, of string) {
	rest, ours := strings.CutPrefix(name, hidden)
	_, rest, tagged := strings.Cut(rest, "-")
	kind, of, named := strings.Cut(rest, "-")
	if !ours || !tagged || !named || of == "" || (kind != "new" && kind != "old") {
		return "", ""
	}
	return kind, of
}

// lock keeps two put backs in one folder apart.
func (r *Restored) lock() (err error) {
	if r.held, err = r.root.Open("."); err != nil {
		return err
	}
	if err := flock.Try(r.held, flock.Exclusive); err != nil {
		return fmt.Errorf("another restore works in %s: %w", r.root.Name(), err)
	}
	return nil
}

func (r *Restored) close() error {
	err := r.root.Close()
	if r.held != nil {
		err = errors.Join(err, r.held.Close())
	}
	return err
}
