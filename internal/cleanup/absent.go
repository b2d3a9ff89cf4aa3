package cleanup

import (
	"errors"
	"io/fs"
)

// IgnoreAbsent takes away the error that there is no such file: who removes one
// that is gone has nothing left to do.
func IgnoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
