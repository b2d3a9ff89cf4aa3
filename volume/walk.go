package volume

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	maxDepth = 128  // folders below one another; each holds a descriptor open
	maxPath  = 4000 // bytes below the root; the kernel takes 4095
)

// walk lists a tree by file descriptors.
type walk struct {
	ctx       context.Context
	cross     bool     // enter mount points
	xattrs    bool     // read extended attributes
	live      bool     // somebody writes there: what vanishes is left out
	mount     uint64   // of the root
	device    uint64   // of the root
	mounts    []string // witnesses of the mounts that were entered
	entries   []Entry
	allocated int64 // bytes on disk of regular files, hard links once
	linked    map[inode]bool
	buf       []byte
}

// inode names a file within one boot.
type inode struct{ device, number uint64 }

func (e *Entry) inode() inode { return inode{e.Device, e.Inode} }

// tree walks everything below root. Entries come sorted by path.
func (w *walk) tree(root *os.File) error {
	w.linked, w.buf = map[inode]bool{}, make([]byte, 1<<10)
	s, err := statAt(root, "")
	if err != nil {
		return &PathError{Class: ErrPath, Path: root.Name(), Err: err}
	}
	w.mount, w.device, s.Path = s.mount, s.Device, "."
	if err := w.enter(root, s); err != nil {
		return err
	}
	if err := w.add(root, ".", &s); err != nil {
		return err
	}
	if err := w.folder(root, "", 0); err != nil {
		return err
	}
	slices.SortFunc(w.entries, func(a, b Entry) int { return order(a.Path, b.Path) })
	return nil
}

// order sorts paths by their bytes, the root before all.
func order(a, b string) int {
	if a == b {
		return 0
	}
	if a == "." {
		return -1
	}
	if b == "." {
		return 1
	}
	return strings.Compare(a, b)
}

func before(a, b string) bool { return order(a, b) < 0 }

func (w *walk) folder(dir *os.File, path string, depth int) error {
	if depth > maxDepth || len(path) > maxPath {
		return &PathError{Class: ErrPath, Path: path, Why: "its folders are nested too deep"}
	}
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	for _, name := range names {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if path == "" && name == workInside {
			continue
		}
		if err := w.child(dir, name, join(path, name), depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) child(dir *os.File, name, path string, depth int) error {
	s, err := statAt(dir, name)
	if err != nil {
		return w.missed(moved(path, err))
	}
	s.Path = path
	s.Mount = w.foreign(&s) && !w.cross
	if err := w.add(dir, name, &s); err != nil {
		return err
	}
	if s.Type != Folder || s.Mount {
		return nil
	}
	sub, err := openQuiet(dir, name, unix.O_DIRECTORY)
	if err != nil {
		return w.missed(moved(path, err))
	}
	defer sub.Close()
	if w.foreign(&s) {
		if err := w.enter(sub, s); err != nil {
			return err
		}
	}
	return w.folder(sub, path, depth+1)
}

// missed is nil where files may come and go.
func (w *walk) missed(err error) error {
	if w.live && errors.Is(err, ErrMoving) {
		return nil
	}
	return err
}

// foreign reports whether s lies on another mount than the root. Before Linux
// 5.8 mounts have no ids, and the device has to do.
func (w *walk) foreign(s *stat) bool {
	if s.mount == 0 {
		return s.Type == Folder && s.Device != w.device
	}
	return s.mountRoot || s.mount != w.mount
}

func (w *walk) add(dir *os.File, name string, s *stat) (err error) {
	if s.Type == Symlink {
		if s.Target, err = readLink(dir, name, s.Size); err != nil {
			return w.missed(moved(s.Path, err))
		}
	}
	if w.xattrs && !s.Mount {
		if s.Xattrs, err = xattrsAt(dir, name, w.buf); err != nil {
			return moved(s.Path, err)
		}
	}
	w.count(s)
	w.entries = append(w.entries, s.Entry)
	return nil
}

func (w *walk) count(s *stat) {
	if s.Type != Regular || w.linked[s.inode()] {
		return
	}
	if s.Nlink > 1 {
		w.linked[s.inode()] = true
	}
	w.allocated += s.allocated
}

func readLink(dir *os.File, name string, size int64) (string, error) {
	buf := make([]byte, max(size+1, 256))
	n, err := unix.Readlinkat(int(dir.Fd()), name, buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

func join(path, name string) string {
	if path == "" || path == "." {
		return name
	}
	return path + "/" + name
}

// moved turns "it is gone" and "it is something else now" into ErrMoving.
func moved(path string, err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return &PathError{Class: ErrMoving, Path: path, Err: err,
			Remedy: "freeze or stop whatever writes there, then try again"}
	}
	return &PathError{Class: ErrPath, Path: path, Err: err}
}
