package captures

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A checkpoint's folder is locked exclusively by whoever makes or removes it,
// and shared by whoever adds a reference. The kernel lets go when they die.

func lockFolder(dir string) (*os.File, error) { return flock(dir, unix.LOCK_EX) }
func lockShared(dir string) (*os.File, error) { return flock(dir, unix.LOCK_SH) }

func flock(dir string, how int) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w: %s", ErrBusy, dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// locked tells whether somebody works on a checkpoint's folder.
func locked(dir string) (bool, error) {
	f, err := lockShared(dir)
	if errors.Is(err, ErrBusy) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, unlock(f)
}

// unlock lets go also where a child that was forked at this moment still has
// the file open.
func unlock(f *os.File) error {
	return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
}
