package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Down ends the named daemons, or all, with everything that they started. It
// needs no built lab, and can be repeated.
func Down(ctx context.Context, l Layout, names ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("lab down needs root: run it with sudo")
	}
	all := len(names) == 0
	if all {
		names = l.daemonNames()
	}
	var errs []error
	for _, n := range names {
		errs = append(errs, l.sweep(ctx, n))
	}
	if all {
		_ = os.Remove(l.Run) // only when nothing else is in them
		_ = os.Remove(l.Data)
		removeEmptyDefaults()
	}
	return errors.Join(errs...)
}

// Purge removes the built parts. Nothing that the lab did not put into the
// cache folder is touched.
func Purge(l Layout) error {
	release, err := lockFile(filepath.Join(l.Cache, "lock"), func() {})
	if err != nil {
		return err
	}
	defer release()
	stamps, err := filepath.Glob(filepath.Join(l.Cache, "*", stampFile))
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range stamps {
		errs = append(errs, removeTree(filepath.Dir(s)))
	}
	for _, name := range []string{"tmp", "log", "bootstrap", "go-path", "lock"} {
		errs = append(errs, removeTree(filepath.Join(l.Cache, name)))
	}
	_ = os.Remove(l.Cache) // only when nothing else is in it
	return errors.Join(errs...)
}
