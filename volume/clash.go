package volume

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// clash finds a name that both sides have and that moving could not bring
// together: somebody else made it.
func (m *mover) clash(from, to *os.File) error {
	names, err := childNames(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := statAt(to, name); errors.Is(err, unix.ENOENT) {
			continue
		}
		if !m.merge || !isFolder(from, name) || !isFolder(to, name) {
			return occupied(to, name)
		}
		if err := m.clashBelow(from, to, name); err != nil {
			return err
		}
	}
	return nil
}

func (m *mover) clashBelow(from, to *os.File, name string) error {
	src, err := openQuiet(from, name, unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := openQuiet(to, name, unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer dst.Close()
	return m.clash(src, dst)
}

func occupied(to *os.File, name string) error {
	return &PathError{Class: ErrBusy, Path: to.Name() + "/" + name, Err: unix.EEXIST,
		Why: "somebody made it while a put back was under way", Remedy: "move it away, then try again"}
}
