package clone

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// MemoryDir has a folder of CRIU images for each checkpoint that clones are
// made of.
func (h House) MemoryDir() string { return filepath.Join(h.Store, "memory") }

// Share runs f while nobody else decides what is shared among clones.
func (h House) Share(f func() error) (err error) {
	if err := os.MkdirAll(filepath.Join(h.Store, "clones"), 0o711); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(h.Store, "clones", ".lock"), os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flock.Close(lock)) }()
	if err := flock.Wait(lock, flock.Exclusive); err != nil {
		return err
	}
	return f()
}

// Watch makes this process the one that ends clones of the namespace, until
// the returned function is called; ErrBusy: another one is.
func (h House) Watch() (unlock func() error, err error) {
	if err := os.MkdirAll(h.dir(), 0o711); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(h.dir(), ".watch"), os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock.Try(f, flock.Exclusive); err != nil {
		return nil, errors.Join(ErrBusy, f.Close())
	}
	return f.Close, nil
}

// Tidy removes memory that no clone is of any more, in whatever namespace.
func (h House) Tidy() error {
	return h.Share(func() error {
		used, err := h.used(func(r Record) string { return filepath.Base(r.Memory) })
		if err != nil {
			return err
		}
		if err := h.forget(used); err != nil {
			return err
		}
		entries, err := os.ReadDir(h.MemoryDir())
		if err != nil {
			return cleanup.IgnoreAbsent(err)
		}
		var errs []error
		for _, e := range entries {
			if !used[e.Name()] {
				errs = append(errs, os.RemoveAll(filepath.Join(h.MemoryDir(), e.Name())))
			}
		}
		return errors.Join(errs...)
	})
}

// Checkpoints are the ids of those that clones stand on: their captures are in
// use.
func Checkpoints(store string) (map[string]bool, error) {
	return House{Store: store}.used(func(r Record) string { return r.Checkpoint })
}

func (h House) used(what func(Record) string) (map[string]bool, error) {
	used, unreadable := map[string]bool{}, error(nil)
	err := h.each(func(r Record) {
		used[what(r)] = true
		if r.Phase == Unreadable { // what it uses nobody can tell
			unreadable = fmt.Errorf("the record of clone %s in %s cannot be read; mend it, or remove the clone with `lull clone rm`", r.ID, r.Namespace)
		}
	})
	return used, errors.Join(err, unreadable)
}

// numbers are those of all cables that clones have, or have again when they
// are reset.
func (h House) numbers() (map[int]bool, error) {
	taken := map[int]bool{}
	return taken, h.each(func(r Record) { taken[r.Number] = taken[r.Number] || r.Address.IsValid() })
}

// each calls f for the clones of all namespaces.
func (h House) each(f func(Record)) error {
	namespaces, err := os.ReadDir(filepath.Join(h.Store, "clones"))
	if err != nil {
		return cleanup.IgnoreAbsent(err)
	}
	for _, ns := range namespaces {
		if !ns.IsDir() {
			continue
		}
		all, err := House{Store: h.Store, Namespace: ns.Name()}.List()
		if err != nil {
			return err
		}
		for _, r := range all {
			f(r)
		}
	}
	return nil
}
