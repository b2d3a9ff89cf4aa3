package clone

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// The classes of failure.
var (
	ErrExists  = errors.New("there is a clone of this name")
	ErrUnknown = errors.New("there is no clone of this name")
	ErrBusy    = errors.New("another process is at work on the clone")
	ErrNoCopy  = errors.New("the checkpoint has no copy of the database's files")
	ErrNetwork = errors.New("the container cannot have a network of its own")
)

// Clone is one that this process works on, alone, until Release.
type Clone struct {
	Record
	house House
	lock  *os.File
}

// Claim begins a new clone.
func (h House) Claim(id string) (*Clone, error) {
	if err := os.MkdirAll(h.dir(), 0o711); err != nil {
		return nil, err
	}
	err := os.Mkdir(h.Dir(id), 0o711)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w", id, ErrExists)
	}
	if err != nil {
		return nil, err
	}
	c := &Clone{Record: Record{ID: id, Namespace: h.Namespace, Phase: Making}, house: h}
	if err := c.hold(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(h.Dir(id)))
	}
	return c, c.write(h.Dir(id))
}

// Open takes hold of a clone that is there.
func (h House) Open(id string) (*Clone, error) {
	c := &Clone{house: h}
	c.ID, c.Namespace = id, h.Namespace
	if err := c.hold(); err != nil {
		return nil, err
	}
	c.Record = h.record(id)
	return c, nil
}

func (c *Clone) hold() (err error) {
	c.lock, err = lockIn(c.house.Dir(c.ID), c.ID, ErrUnknown, ErrBusy)
	return err
}

// lockIn takes a folder's lock, on the file that is in it when it is taken.
func lockIn(dir, name string, unknown, busy error) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, unknown)
	}
	if err != nil {
		return nil, err
	}
	if err := flock.Try(f, flock.Exclusive); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, busy), f.Close())
	}
	if !isAt(f, path) { // it was removed before we had it, and maybe made again
		return nil, errors.Join(fmt.Errorf("%s: %w", name, unknown), f.Close())
	}
	return f, nil
}

func isAt(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(ours, there)
}

// Release lets others work on it.
func (c *Clone) Release() error {
	if c.lock == nil {
		return nil
	}
	f := c.lock
	c.lock = nil
	return flock.Close(f)
}

// Set changes the record, durably.
func (c *Clone) Set(change func(*Record)) error {
	change(&c.Record)
	return c.write(c.house.Dir(c.ID))
}

// NetNS is the path of its network namespace.
func (c *Clone) NetNS() string { return c.house.NetNS(c.ID) }
