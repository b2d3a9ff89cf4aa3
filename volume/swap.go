package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// stage copies the capture into new/, durably, and checks it. The volume is
// not touched.
func (s *site) stage(ctx context.Context, p Pair) error {
	src, err := openRoot(p.Capture)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := s.sub("new")
	if err != nil {
		return err
	}
	defer dst.Close()
	w := &walk{ctx: ctx, xattrs: true}
	if err := w.tree(src); err != nil {
		return err
	}
	c := &copier{ctx: ctx, src: src, dst: dst, entries: w.entries, hash: p.List != nil}
	c.clones.Store(canClone(src, dst, w.entries))
	if !c.clones.Load() {
		if err := mayCopy(dst, w.allocated, 0); err != nil {
			return err
		}
	}
	if err := c.tree(); err != nil {
		return err
	}
	if err := checkStaged(ctx, dst, w.entries, p); err != nil {
		return err
	}
	return syncFS(dst)
}

func checkStaged(ctx context.Context, dst *os.File, staged []Entry, p Pair) error {
	if p.List == nil {
		return nil
	}
	if err := hashCopy(ctx, dst, staged); err != nil {
		return err
	}
	if d := p.List.against(staged); d.Any() {
		return &PathError{Class: ErrCapture, Path: p.Capture, Why: d.String(),
			Remedy: "nothing was changed; restore from another copy of the checkpoint"}
	}
	return nil
}

// swap moves the old contents out and the new ones in.
func (s *site) swap() error {
	if err := s.save(movingOut); err != nil {
		return err
	}
	if err := s.move("", "old"); err != nil {
		return err
	}
	root, err := s.rootOf("new")
	if err != nil {
		return err
	}
	if err := s.save(movingIn); err != nil {
		return err
	}
	if err := s.move("new", ""); err != nil {
		return err
	}
	if err := s.become(root); err != nil {
		return err
	}
	return s.save(swapped)
}

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

// move moves all children between two of: the volume (""), new, old, discard.
func (s *site) move(from, to string) error {
	src, err := s.folder(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := s.folder(to)
	if err != nil {
		return err
	}
	defer dst.Close()
	return s.mover().all(src, dst)
}

func (s *site) folder(name string) (*os.File, error) {
	if name != "" {
		return s.sub(name)
	}
	f, err := openQuiet(s.dst, ".", unix.O_DIRECTORY)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: s.dst.Name(), Err: err}
	}
	return rename(f, s.dst.Name())
}

func (s *site) mover() *mover {
	fs, err := FileSystem(procPath(s.dst))
	return &mover{merge: err == nil && fs == "overlayfs", step: s.step}
}

func (s *site) rootOf(name string) (*Entry, error) {
	f, err := s.sub(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return folderEntry(f)
}

// become gives the volume's own folder the metadata of root.
func (s *site) become(root *Entry) error {
	if err := s.step("become"); err != nil {
		return err
	}
	if err := applyMetadata(s.dst, ".", root); err != nil {
		return fmt.Errorf("%s: %w", show(filepath.Clean(s.dst.Name())), err)
	}
	return nil
}
