package clone

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/flock"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"

	"golang.org/x/sys/unix"
)

// What is read for one clone of a checkpoint is not read again for the next
// one, nor for a reset: a list of its files is kept, and their times prove that
// nobody has touched them. A clone's own copy is made of files that are known,
// and gets a list of its own before its server runs.

func (h House) knownDir() string { return filepath.Join(h.Store, "known") }

// Memory gives the file with a list of a folder of MemoryDir; empty: times
// prove nothing there.
func (h House) Memory(ctx context.Context, folder string) (file string, err error) {
	file = filepath.Join(h.knownDir(), filepath.Base(folder)+".list")
	l, err := contents(ctx, file, folder)
	if l == nil {
		return "", err
	}
	return file, nil
}

// contents lists a folder that all clones of a checkpoint start from, and reads
// what of it was not read before. The list is kept in the file. No list: times
// prove nothing where the folder is.
func contents(ctx context.Context, file, folder string) (l *volume.List, err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(file+".lock", os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, flock.Close(lock)) }()
	if err := flock.Wait(lock, flock.Exclusive); err != nil {
		return nil, err
	}
	return read(ctx, file, folder)
}

func read(ctx context.Context, file, folder string) (*volume.List, error) {
	var known volume.Known
	if earlier, err := volume.ReadFile(file); err == nil {
		if known, err = earlier.Known(ctx, folder); err != nil {
			return nil, err
		}
	}
	l, err := volume.Fingerprint(ctx, folder, volume.Options{Synced: true, Known: known})
	if err != nil || !l.Proves() {
		return nil, err
	}
	if l.Complete() {
		return l, nil
	}
	l, err = volume.Fingerprint(ctx, folder, volume.Options{Content: true, Synced: true, Known: known})
	if err != nil {
		return nil, err
	}
	return l, replaceList(l, file)
}

// replaceList is not synced: after a power cut the list proves nothing.
func replaceList(l *volume.List, file string) error {
	temp := file + ".new"
	if err := cleanup.IgnoreAbsent(os.Remove(temp)); err != nil { // of a killed process
		return err
	}
	if err := l.WriteFile(temp); err != nil {
		return err
	}
	return os.Rename(temp, file)
}

// readCaptures gives the contents of the captures that a copy is made of.
func (c *Clone) readCaptures(ctx context.Context, copied *Copy) ([]*volume.List, error) {
	lists := make([]*volume.List, len(copied.parts))
	for i, p := range copied.parts {
		var err error
		file := captures.Store{Dir: c.house.Store}.Known(c.Checkpoint, filepath.Base(p.capture))
		if lists[i], err = contents(ctx, file, p.capture); err != nil {
			return nil, err
		}
	}
	return lists, nil
}

// KnownDir has a list of each of the clone's volumes, as it was laid.
func (c *Clone) KnownDir() string { return filepath.Join(c.house.Dir(c.ID), "known") }

// vouch lists what was just laid, with the contents that it was made of.
func (c *Clone) vouch(ctx context.Context, copied *Copy, read []*volume.List) error {
	for i, p := range copied.parts {
		if read[i] == nil || p.list == "" {
			continue
		}
		l, err := volume.Fingerprint(ctx, filepath.Join(copied.Source, p.at), volume.Options{Synced: true, Known: read[i].Contents()})
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.KnownDir(), 0o700); err != nil {
			return err
		}
		if err := l.WriteFile(filepath.Join(c.KnownDir(), p.list)); err != nil {
			return err
		}
	}
	return nil
}

// forget removes the lists of memory that no clone is of any more.
func (h House) forget(used map[string]bool) error {
	entries, err := os.ReadDir(h.knownDir())
	if err != nil {
		return cleanup.IgnoreAbsent(err)
	}
	var errs []error
	for _, e := range entries {
		if of, _, _ := strings.Cut(e.Name(), "."); !used[of] {
			errs = append(errs, os.Remove(filepath.Join(h.knownDir(), e.Name())))
		}
	}
	return errors.Join(errs...)
}
