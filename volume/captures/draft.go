package captures

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/volume"
)

// Draft is a checkpoint's folder while its captures are made. It is locked, so
// that nobody takes it for something that a crash left.
type Draft struct {
	store Store
	id    string
	dir   string
	lock  *os.File
	taken []string // folders that must not have a store in them
}

// Begin makes the folder of a checkpoint to come. One of Keep and Discard ends
// it.
func (s Store) Begin(id string) (*Draft, error) {
	d := &Draft{store: s, id: id, dir: s.Folder(id)}
	for {
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return nil, err
		}
		lock, err := lockFolder(d.dir)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !linked(lock) {
			continue // a sweep took it for an empty one
		}
		d.lock = lock
		return d, err
	}
}

// linked reports whether an open folder still has a name.
func linked(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(open, named)
}

// Avoid names folders that are captured: no store is put into them.
func (d *Draft) Avoid(sources ...string) { d.taken = append(d.taken, sources...) }

// For is a folder, which need not be there, on the file system that a capture of
// source is going to be on; taken are all folders that are captured.
func (s Store) For(source string, taken []string) (string, error) {
	base, err := foreignBase(s.Dir, source, taken)
	if err != nil || base == "" {
		return s.Dir, err
	}
	return filepath.Join(base, foreignDir), nil
}

// Place says where the capture of source belongs: on source's own file system
// where that shares blocks between files, else in the store. A link in the
// store leads to a place elsewhere, durable before anything is there.
func (d *Draft) Place(name, source string) (string, error) {
	base, err := foreignBase(d.store.Dir, source, d.taken)
	if err != nil || base == "" {
		return filepath.Join(d.dir, name), err
	}
	dst := filepath.Join(base, foreignDir, checkpoints, d.id, name)
	err = os.Symlink(dst, filepath.Join(d.dir, name))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("link the capture of %s: %w", source, err)
	}
	return dst, durable.SyncDir(d.dir)
}

// Keep lets go of the folder: what was published stays. On nil it and Discard
// do nothing.
func (d *Draft) Keep() error {
	if d == nil || d.lock == nil {
		return nil
	}
	lock := d.lock
	d.lock = nil
	return flock.Close(lock)
}

// Discard removes all that was made, published or not, and a mark with it:
// nothing was sealed that could need one. After Keep it does nothing.
func (d *Draft) Discard() error {
	if d == nil || d.lock == nil {
		return nil
	}
	c, err := d.store.Get(d.id)
	if err == nil {
		c.Poisoned = ""
		err = volume.Remove(filepath.Join(d.dir, mark))
		for _, x := range c.Captures {
			err = errors.Join(err, volume.Remove(x.Path))
		}
		err = errors.Join(err, sweepForeign(d.dir), d.store.removeFolder(c))
	}
	return errors.Join(err, d.Keep())
}
