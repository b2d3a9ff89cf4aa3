package volume

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

func (c *copier) link(e, same *Entry) error {
	e.SHA256 = same.SHA256
	from, fromName, err := c.parent(same)
	if err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	defer from.Close()
	to, toName, err := c.parent(e)
	if err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	defer to.Close()
	if err := unix.Linkat(int(from.Fd()), fromName, int(to.Fd()), toName, 0); err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	return nil
}

func (c *copier) special(e *Entry) error {
	if e.Type == Folder || e.Type == Regular && !e.Mount {
		return nil
	}
	dir, name, err := c.parent(e)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := makeSpecial(dir, name, e); err != nil {
		return err
	}
	return applyMetadata(dir, name, e)
}

func makeSpecial(dir *os.File, name string, e *Entry) error {
	fd := int(dir.Fd())
	switch e.Type {
	case Regular: // what is mounted there is not ours to copy
		return unix.Mknodat(fd, name, unix.S_IFREG|0o600, 0)
	case Symlink:
		return unix.Symlinkat(e.Target, fd, name)
	case Pipe:
		return unix.Mknodat(fd, name, unix.S_IFIFO|0o600, 0)
	case Socket:
		return unix.Mknodat(fd, name, unix.S_IFSOCK|0o600, 0)
	case Char:
		return unix.Mknodat(fd, name, unix.S_IFCHR|0o600, int(e.Rdev))
	}
	return unix.Mknodat(fd, name, unix.S_IFBLK|0o600, int(e.Rdev))
}

func (c *copier) metadata(e *Entry) error {
	dir, name, err := c.parent(e)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := applyMetadata(dir, name, e); err != nil {
		return fmt.Errorf("copy %s: %w", show(e.Path), err)
	}
	return nil
}

func (c *copier) folderMetadata() error {
	for i, e := range slices.Backward(c.entries) {
		if e.Type != Folder || e.Path == "." || e.Mount {
			continue
		}
		if err := c.metadata(&c.entries[i]); err != nil {
			return err
		}
	}
	return applyMetadata(c.dst, ".", &c.entries[0])
}
