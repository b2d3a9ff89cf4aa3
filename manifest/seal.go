package manifest

import (
	"context"
	"errors"
	"fmt"
)

// Seal makes the checkpoint restorable: it hashes every file of the folder,
// fills m.Files, sets the status and the seal and replaces the pending
// manifest that Write put there. It hashes without the folder's lock and looks
// at the status again under it, so a Poison that comes at any moment wins.
// On failure m is as it was. Errors: ErrPoisoned, ErrMissing, ErrOccupied.
func Seal(ctx context.Context, dir string, m *Manifest) error {
	if err := locked(dir, func() error { return maySeal(dir, m.ID) }); err != nil {
		return err
	}
	files, err := hashFolder(ctx, dir)
	if err != nil {
		return err
	}
	sealed := *m
	sealed.Files, sealed.Status, sealed.Reason = files, Sealed, ""
	if err := sealed.Validate(); err != nil {
		return fmt.Errorf("the manifest cannot be sealed: %w", err)
	}
	err = locked(dir, func() error {
		if err := errors.Join(ctx.Err(), maySeal(dir, m.ID)); err != nil {
			return err
		}
		return publish(dir, &sealed)
	})
	if err != nil {
		return err
	}
	*m = sealed
	return nil
}

func maySeal(dir, id string) error {
	old, err := Read(dir)
	switch {
	case err != nil:
		return err
	case old.Status == Poisoned:
		return poisoned(old.Reason)
	case old.ID != id:
		return occupied("its id is " + old.ID)
	case old.Status == Sealed:
		return occupied("it is sealed already")
	}
	return nil
}
