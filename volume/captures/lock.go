package captures

import (
	"errors"
	"fmt"
	"os"

	"github.com/lull-containers/lull/internal/flock"
)

// A checkpoint's folder is locked exclusively by whoever makes or removes it,
// and shared by whoever adds a reference. The kernel lets go when they die.

func lockFolder(dir string) (*os.File, error) { return lock(dir, flock.Exclusive) }
func lockShared(dir string) (*os.File, error) { return lock(dir, flock.Shared) }

func lock(dir string, mode flock.Mode) (*os.File, error) {
	f, err := flock.OpenTry(dir, mode)
	if errors.Is(err, flock.ErrHeld) {
		return nil, fmt.Errorf("%w: %s", ErrBusy, dir)
	}
	return f, err
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
	return false, flock.Close(f)
}
