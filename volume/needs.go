package volume

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Needs is what a capture of src below the folder store, which need not be
// there yet, is going to take, in bytes: nothing where blocks can be shared. It
// makes nothing, and somebody may write to src. More than limit may not be
// copied (ErrTooLarge); 0 is no bound.
func Needs(ctx context.Context, src, store string, limit int64) (int64, error) {
	from, err := openRoot(src)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	at, err := nearest(store)
	if err != nil {
		return 0, &PathError{Class: ErrPath, Path: store, Err: err}
	}
	defer at.Close()
	dir, err := openQuiet(from, ".", 0)
	if err != nil {
		return 0, &PathError{Class: ErrPath, Path: src, Err: err}
	}
	w := &walk{ctx: ctx, live: true}
	if err := errors.Join(w.tree(dir), dir.Close()); err != nil {
		return 0, err
	}
	if canSnapshot(from, at, w.entries) || canClone(from, at, w.entries) {
		return 0, nil
	}
	return w.allocated, mayBeCopied(w.allocated, limit)
}

// nearest opens the nearest folder above a path that is there.
func nearest(path string) (*os.File, error) {
	f, err := os.Open(path)
	for errors.Is(err, fs.ErrNotExist) && path != filepath.Dir(path) {
		path = filepath.Dir(path)
		f, err = os.Open(path)
	}
	return f, err
}

// Free is the room on the file system of a path, in bytes. Of one that is not
// there yet the nearest folder above counts.
func Free(path string) (int64, error) {
	f, err := nearest(path)
	if err != nil {
		return 0, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	defer f.Close()
	return freeIn(f)
}

// mayBeCopied refuses to copy more than is allowed, in bytes.
func mayBeCopied(need, limit int64) error {
	if limit > 0 && need > limit {
		return fmt.Errorf("%w: %d bytes, lull/max-copy is %d; raise it, or put the store on the volume's own file system if that can clone (XFS, btrfs)",
			ErrTooLarge, need, limit)
	}
	return nil
}
