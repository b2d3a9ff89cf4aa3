package captures

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"github.com/lull-containers/lull/volume"
)

// Sweep removes, of all checkpoints that no live process works on, what was
// never published, and gives its names.
func (s Store) Sweep(ctx context.Context) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Dir, checkpoints))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, e := range entries {
		if !e.IsDir() || !isID(e.Name()) {
			continue
		}
		names, err := s.sweepOne(ctx, s.Folder(e.Name()))
		gone = append(gone, names...)
		if err != nil {
			return gone, err
		}
	}
	return gone, ctx.Err()
}

func (s Store) sweepOne(ctx context.Context, dir string) (gone []string, err error) {
	lock, err := lockFolder(dir)
	if errors.Is(err, ErrBusy) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, flock.Close(lock)) }()
	gone, err = volume.Prune(ctx, dir)
	if err := errors.Join(err, sweepForeign(dir)); err != nil {
		return gone, err
	}
	if os.Remove(dir) == nil { // when nothing is in it
		gone = append(gone, filepath.Base(dir))
	}
	return gone, nil
}

// sweepForeign removes unpublished captures on other file systems, and the
// links to what is not there.
func sweepForeign(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink == 0 {
			continue
		}
		target, err := followed(dir, e)
		if err != nil {
			return err
		}
		if _, err := volume.Prune(context.Background(), filepath.Dir(target)); err != nil {
			return err
		}
		if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		there, err := mounted(target)
		if err != nil {
			return err
		}
		if !there {
			continue // it comes back, perhaps
		}
		if err := (Store{}).forgetForeign(dir, e); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// mounted tells whether the file system is there that a link leads to: what is
// not on it then is gone for good, the store's folder too.
func mounted(target string) (bool, error) {
	base := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(target))))
	at, err := mountOf(base)
	return at == base, err
}
