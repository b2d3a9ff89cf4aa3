package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// tempName is where a manifest is prepared. One fixed name, used under the
// folder's lock only: whatever a killed process left is overwritten.
const tempName = FileName + ".tmp"

// Write puts a pending or poisoned manifest into the folder, durably: temp
// file, fsync, rename, fsync of the folder. It computes m.Seal. It refuses a
// sealed status (that is Seal's to give), a folder that was poisoned
// (ErrPoisoned), and one that holds another checkpoint (ErrOccupied).
func Write(dir string, m *Manifest) error {
	if m.Status == Sealed {
		return errors.New("a manifest is sealed by Seal only")
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("the manifest is not complete: %w", err)
	}
	return locked(dir, func() error {
		if err := mayReplace(dir, m); err != nil {
			return err
		}
		return publish(dir, m)
	})
}

// Read returns the folder's manifest without judging its seal, its status or
// its files; Verify does. It fails with ErrMissing and ErrSchema.
func Read(dir string) (*Manifest, error) {
	raw, err := load(dir)
	if err != nil {
		return nil, err
	}
	return Decode(raw)
}

// Poison makes sure that the checkpoint in the folder can never be restored:
// not when it is pending, not when it is sealed already, and not when its
// manifest comes later.
func Poison(dir, reason string) error {
	return locked(dir, func() error {
		m, err := Read(dir)
		if err != nil && !errors.Is(err, ErrMissing) && !errors.Is(err, ErrSchema) {
			return err
		}
		if err != nil {
			m = &Manifest{Schema: Schema, ID: NewID(), Created: time.Now().UTC()}
		}
		m.Status, m.Reason = Poisoned, reason
		return publish(dir, m)
	})
}

func mayReplace(dir string, m *Manifest) error {
	old, err := Read(dir)
	switch {
	case errors.Is(err, ErrMissing):
		return nil
	case errors.Is(err, ErrSchema):
		return occupied(err.Error())
	case err != nil:
		return err
	case old.Status == Poisoned:
		return poisoned(old.Reason)
	case old.ID != m.ID:
		return occupied("its id is " + old.ID)
	case old.Status == Sealed:
		return occupied("it is sealed")
	}
	return nil
}

func load(dir string) ([]byte, error) {
	f, err := openRegular(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing()
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	if len(raw) > MaxSize {
		return nil, unknown(fmt.Sprintf("it has more than %d bytes", MaxSize))
	}
	return raw, nil
}

// openRegular opens a regular file for reading and nothing else: no symlink is
// followed, and a pipe does not block.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, altered(filepath.Base(path), "it is a symlink")
	}
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = altered(filepath.Base(path), "it is not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
