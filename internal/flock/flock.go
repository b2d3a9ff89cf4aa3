// Package flock locks open files and folders among processes, with flock(2).
// The kernel lets a lock go when its holder dies. A lock belongs to the open
// file: a child that is forked while it is held has it too, until it execs.
package flock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ErrHeld is that somebody else has the lock.
var ErrHeld = errors.New("locked by another process")

// Mode is how a lock is held.
type Mode int

// One holder, or many that keep an exclusive one out.
const (
	Exclusive Mode = unix.LOCK_EX
	Shared    Mode = unix.LOCK_SH
)

// Wait takes the lock, however long that takes.
func Wait(f *os.File, mode Mode) error { return lock(f, int(mode)) }

// Try takes the lock, or returns ErrHeld.
func Try(f *os.File, mode Mode) error {
	err := lock(f, int(mode)|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

func lock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// OpenWait opens a file or folder that exists and takes its lock, however long
// that takes.
func OpenWait(path string, mode Mode) (*os.File, error) { return open(path, mode, Wait) }

// OpenTry opens a file or folder that exists and takes its lock, or returns
// ErrHeld.
func OpenTry(path string, mode Mode) (*os.File, error) { return open(path, mode, Try) }

func open(path string, mode Mode, take func(*os.File, Mode) error) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := take(f, mode); err != nil {
		return nil, errors.Join(&os.PathError{Op: "lock", Path: path, Err: err}, f.Close())
	}
	return f, nil
}

// Close lets the lock go and closes the file. Closing alone is not enough: a
// child that is forked at that moment would keep the lock until it execs.
func Close(f *os.File) error {
	return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
}
