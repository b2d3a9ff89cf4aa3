package volume

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// Prune removes from a store the captures that were never published and that
// no live process works on, and returns their names.
func Prune(ctx context.Context, store string) ([]string, error) {
	entries, err := os.ReadDir(store)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: store, Err: err}
	}
	var gone []string
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), partialPrefix) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return gone, err
		}
		done, err := pruneOne(filepath.Join(store, e.Name()))
		if err != nil {
			return gone, err
		}
		if done {
			gone = append(gone, e.Name())
		}
	}
	return gone, nil
}

func pruneOne(path string) (bool, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	defer dir.Close()
	if err := flock.Try(dir, flock.Exclusive); err != nil {
		return false, nil // somebody works on it
	}
	if err := os.RemoveAll(path); err != nil {
		return false, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return true, nil
}
