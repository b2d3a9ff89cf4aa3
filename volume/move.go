package volume

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// folderTemp is a folder that is made ready before it gets its name.
const folderTemp = ".lull-folder"

// mover moves the children of one folder to another by renaming them. On an
// overlay, where a folder of a lower layer cannot be renamed, such a folder is
// made anew and its children move: then both sides together hold the tree, as
// they do for the children themselves.
type mover struct {
	merge bool
	step  func(string) error
}

// all moves every child. It can be repeated after it was interrupted.
func (m *mover) all(from, to *os.File) error {
	names, err := childNames(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.step("move"); err != nil {
			return err
		}
		if err := m.one(from, to, name); err != nil {
			return err
		}
	}
	for _, f := range []*os.File{from, to} {
		if err := removeFolder(f, folderTemp); err != nil && !errors.Is(err, unix.ENOENT) {
			return &PathError{Class: ErrPath, Path: f.Name() + "/" + folderTemp, Err: err}
		}
	}
	return errors.Join(to.Sync(), from.Sync())
}

func (m *mover) one(from, to *os.File, name string) error {
	err := renameNew(from, to, name)
	if m.merge && (errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EEXIST)) && isFolder(from, name) {
		return m.folder(from, to, name)
	}
	if errors.Is(err, unix.EEXIST) {
		return occupied(to, name)
	}
	if err != nil {
		return &PathError{Class: ErrPath, Path: from.Name() + "/" + name, Why: "it cannot be moved", Err: err}
	}
	return nil
}

// folder moves a folder by its contents.
func (m *mover) folder(from, to *os.File, name string) error {
	src, err := openQuiet(from, name, unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer src.Close()
	like, err := folderEntry(src)
	if err != nil {
		return err
	}
	dst, err := m.makeLike(to, name, like)
	if err != nil {
		return err
	}
	defer dst.Close()
	if err := m.all(src, dst); err != nil {
		return err
	}
	if err := m.step("emptied"); err != nil {
		return err
	}
	return errors.Join(setMtime(to, name, like.Mtime), removeFolder(from, name))
}

// makeLike opens the folder name in dir, and makes it, complete with its
// metadata, when it is not there.
func (m *mover) makeLike(dir *os.File, name string, like *Entry) (*os.File, error) {
	f, err := openQuiet(dir, name, unix.O_DIRECTORY)
	if !errors.Is(err, unix.ENOENT) {
		return f, err
	}
	fd := int(dir.Fd())
	if err := removeFolder(dir, folderTemp); err != nil && !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	if err := unix.Mkdirat(fd, folderTemp, 0o700); err != nil {
		return nil, err
	}
	if err := applyMetadata(dir, folderTemp, like); err != nil {
		return nil, err
	}
	if err := m.step("folder"); err != nil {
		return nil, err
	}
	if err := unix.Renameat2(fd, folderTemp, fd, name, unix.RENAME_NOREPLACE); err != nil {
		return nil, err
	}
	return openQuiet(dir, name, unix.O_DIRECTORY)
}

// removeFolder removes an empty folder.
func removeFolder(dir *os.File, name string) error {
	return unix.Unlinkat(int(dir.Fd()), name, unix.AT_REMOVEDIR)
}

// renameNew renames and never replaces.
func renameNew(from, to *os.File, name string) error {
	err := unix.Renameat2(int(from.Fd()), name, int(to.Fd()), name, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// A file system without the flag: nobody else writes here, so look first.
	if _, err := statAt(to, name); !errors.Is(err, unix.ENOENT) {
		return errors.Join(unix.EEXIST, err)
	}
	return unix.Renameat(int(from.Fd()), name, int(to.Fd()), name)
}

func isFolder(dir *os.File, name string) bool {
	s, err := statAt(dir, name)
	return err == nil && s.Type == Folder
}

// childNames lists a folder, without what a put back itself leaves there.
func childNames(dir *os.File) ([]string, error) {
	again, err := openQuiet(dir, ".", unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer again.Close()
	names, err := again.Readdirnames(-1)
	slices.Sort(names)
	return slices.DeleteFunc(names, func(n string) bool { return n == workInside || n == folderTemp }), err
}

// folderEntry is what applyMetadata needs to make a folder like dir.
func folderEntry(dir *os.File) (*Entry, error) {
	s, err := statAt(dir, "")
	if err != nil {
		return nil, err
	}
	s.Path = "."
	s.Xattrs, err = xattrsAt(dir, ".", make([]byte, 1<<10))
	return &s.Entry, err
}
