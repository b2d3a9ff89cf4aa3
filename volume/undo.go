package volume

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rollBack brings the old contents back, from any state but committed.
func (s *site) rollBack() error {
	if s.journal.State == movingIn || s.journal.State == swapped {
		if err := s.moveAway(); err != nil {
			return err
		}
	}
	if s.journal.State == movingOut {
		if err := s.moveBack(); err != nil {
			return err
		}
	}
	return s.drop()
}

// moveAway empties the volume of what was put back, and of whatever was
// written there since.
func (s *site) moveAway() error {
	err := unix.Mkdirat(int(s.work.Fd()), "discard", 0o700)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return &PathError{Class: ErrPath, Path: s.work.Name(), Err: err}
	}
	if err := s.move("", "discard"); err != nil {
		return err
	}
	return s.save(movingOut)
}

func (s *site) moveBack() error {
	old, err := s.sub("old")
	if err != nil {
		return err
	}
	defer old.Close()
	if err := s.mover().clash(old, s.dst); err != nil {
		return err
	}
	if err := s.move("old", ""); err != nil {
		return err
	}
	root, err := s.journal.Root.entry()
	if err != nil {
		return journalError(s.work, err)
	}
	if err := s.become(&root); err != nil {
		return err
	}
	return s.save(staging)
}

// drop removes the work folder, its journal last. In the state staging the
// folder old must be empty, and is removed only if it is.
func (s *site) drop() error {
	if err := s.step("drop"); err != nil {
		return err
	}
	if err := s.refuseMounts(s.work.Name()); err != nil {
		return err
	}
	if s.journal.State == staging {
		if err := removeFolder(s.work, "old"); err != nil && !errors.Is(err, unix.ENOENT) {
			return &PathError{Class: ErrJournal, Path: s.work.Name(), Why: "the folder old is not empty", Err: err}
		}
	}
	for _, name := range []string{"new", "discard", "old", journalTemp, journalName} {
		if err := s.step("remove " + name); err != nil {
			return err
		}
		if err := os.RemoveAll(within(s.work, name)); err != nil {
			return &PathError{Class: ErrPath, Path: s.work.Name(), Why: "it cannot be removed", Err: err}
		}
	}
	if err := s.step("forget"); err != nil {
		return err
	}
	if err := s.forget(); err != nil {
		return err
	}
	return s.place.base.Sync()
}
