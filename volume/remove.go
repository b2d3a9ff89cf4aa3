package volume

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Remove removes a file or a folder with all that is in it, a snapshot too.
// It loses its name first, so that a capture which was removed in part is
// found by nobody but Prune. What is not there is removed.
func Remove(path string) error {
	temp := filepath.Join(filepath.Dir(path), partialPrefix+filepath.Base(path)+"-"+randomName())
	err := unix.Renameat2(unix.AT_FDCWD, path, unix.AT_FDCWD, temp, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		temp = path // a file system without the flag, or a read-only one, which says so below
	}
	return removeTree(temp)
}

// removeTree is os.RemoveAll with an error that is the field's own.
func removeTree(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return &PathError{Class: ErrPath, Path: path, Why: "it cannot be removed", Err: err}
	}
	return nil
}
