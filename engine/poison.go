package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
)

// Poison makes sure that the checkpoint can never be restored: it may come at
// any moment and from any goroutine.
func (k *Cut) Poison(reason string) error {
	k.poison.Lock()
	defer k.poison.Unlock()
	if k.ended {
		return nil // what the watchdog was for is over
	}
	k.poisoned = reason
	if k.stop != nil {
		k.stop()
	}
	var errs []error
	for _, t := range k.dumps {
		errs = append(errs, t.poison(k.c.Paths.Store, reason))
	}
	return errors.Join(errs...)
}

// End says that the container runs again, in order: what was sealed stands.
func (k *Cut) End() {
	k.poison.Lock()
	defer k.poison.Unlock()
	k.ended = true
}

// target is one dump: the checkpoint's id and the folder of its images. There
// may be several of one cut, in a pause of the user's.
type target struct{ id, dir string }

func (t target) poison(store, reason string) error {
	err := manifest.Poison(t.dir, reason)
	if errors.Is(err, manifest.ErrMissing) || errors.Is(err, fs.ErrNotExist) {
		err = nil // nothing was promised yet, or the client took the folder away
	}
	return errors.Join(err, mark(store, t.id, reason))
}

// place tells Poison where the images are.
func (k *Cut) place(t target) error {
	k.poison.Lock()
	defer k.poison.Unlock()
	k.dumps = append(k.dumps, t)
	return k.poisonedError()
}

// check refuses to go on with a poisoned checkpoint.
func (k *Cut) check() error {
	k.poison.Lock()
	defer k.poison.Unlock()
	return k.poisonedError()
}

// poisonedError needs poison held.
func (k *Cut) poisonedError() error {
	if k.poisoned == "" {
		return nil
	}
	return rpccode.Wrap(rpccode.Timeout, errors.New(k.poisoned))
}

// stoppable is a context that Poison ends, so that a long capture does not
// keep the container frozen for nothing.
func (k *Cut) stoppable(ctx context.Context) (context.Context, func()) {
	ctx, stop := context.WithCancel(ctx)
	k.poison.Lock()
	defer k.poison.Unlock()
	k.stop = stop
	return ctx, stop
}

// unpoisoned has no step begin once the checkpoint is poisoned.
func (k *Cut) unpoisoned(steps []step) []step {
	for i, s := range steps {
		steps[i].do = func(ctx context.Context) error {
			if err := k.check(); err != nil {
				return err
			}
			return s.do(ctx)
		}
	}
	return steps
}

// markName is the file in a checkpoint's folder of the store that outlives a
// sealed manifest which a client carried off before the watchdog fired.
const markName = "poisoned"

func mark(store, id, reason string) error {
	dir := checkpointDir(store, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, markName), []byte(reason+"\n"), 0o600)
}

// unmarked refuses a checkpoint that this host knows to be poisoned.
func unmarked(store, id string) error {
	reason, err := os.ReadFile(filepath.Join(checkpointDir(store, id), markName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("checkpoint %s is unusable: %s; remove it and take another", id, string(reason[:max(0, len(reason)-1)]))
}

// checkpointDir is the folder of one checkpoint's captures.
func checkpointDir(store, id string) string { return filepath.Join(store, "checkpoints", id) }
