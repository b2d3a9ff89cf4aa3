package volume

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

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
	return &mover{merge: err == nil && fs == overlay, step: s.step}
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
