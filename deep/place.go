package deep

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs"
)

// place makes a run's folder in dir, locked until the file is closed or the
// process dies, and takes away what killed runs have left there. end ends the
// container of such a run; while it cannot, the folder stays too.
func place(dir, id string, end func(id string) error) (lock *os.File, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	all, err := flock.OpenWait(dir, flock.Exclusive)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := sweep(filepath.Join(dir, e.Name()), end); err != nil {
			return nil, err
		}
	}
	own := filepath.Join(dir, id)
	if err := os.Mkdir(own, 0o700); err != nil {
		return nil, err
	}
	return flock.OpenWait(own, flock.Exclusive)
}

func sweep(left string, end func(id string) error) error {
	lock, err := flock.OpenTry(left, flock.Exclusive)
	if errors.Is(err, flock.ErrHeld) {
		return nil // somebody is at it
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	if end(filepath.Base(left)) != nil {
		return nil // the next run tries again
	}
	return os.RemoveAll(left)
}

// end removes the container of a killed run.
func (v *Verifier) end(ctx context.Context, id string) error {
	c, err := v.Client.LoadContainer(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if t, err := c.Task(ctx, nil); err == nil {
		if _, err := t.Delete(ctx, containerd.WithProcessKill); err != nil {
			return err
		}
	}
	return c.Delete(ctx, containerd.WithSnapshotCleanup)
}
