// Package shm saves and puts back POSIX shared memory that CRIU leaves out:
// the files of a /dev/shm that is a bind mount. They are memory of the
// processes, not a volume: whatever is under their names later is not theirs.
package shm

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/lull-containers/lull/internal/cleanup"
)

// FileName is the archive in a checkpoint's folder: a tar of regular files
// without folders.
const FileName = "lull-shm.tar"

// hidden begins the names of files that a put back works with.
const hidden = ".lull-shm-"

// ErrArchive says that the archive is not one that Save wrote.
var ErrArchive = errors.New("the saved shared memory cannot be understood")

// Save writes the regular files of dir, whose processes are frozen, to a new
// file, and gives how many they are. Without any no file is made.
func Save(ctx context.Context, dir, file string) (n int, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	files, err := regular(root)
	if err != nil || len(files) == 0 {
		return 0, err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	w := tar.NewWriter(out)
	for _, f := range files {
		if err = errors.Join(ctx.Err(), add(w, root, f)); err != nil {
			break
		}
	}
	if err = errors.Join(err, w.Close(), out.Sync(), out.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(file))
	}
	return len(files), nil
}

func regular(root *os.Root) ([]os.FileInfo, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all, err := dir.Readdir(-1)
	all = slices.DeleteFunc(all, func(f os.FileInfo) bool { return !f.Mode().IsRegular() || strings.HasPrefix(f.Name(), hidden) })
	slices.SortFunc(all, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return all, err
}

func add(w *tar.Writer, root *os.Root, f os.FileInfo) error {
	in, err := root.Open(f.Name())
	if err != nil {
		return err
	}
	defer in.Close()
	st := f.Sys().(*syscall.Stat_t)
	h := &tar.Header{Typeflag: tar.TypeReg, Format: tar.FormatPAX, Name: f.Name(), Size: f.Size(),
		Mode: int64(st.Mode & 0o7777), Uid: int(st.Uid), Gid: int(st.Gid), ModTime: f.ModTime()}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(w, in, f.Size())
	return err
}

// Restored is shared memory that was put back and is not decided about.
type Restored struct {
	root  *os.Root
	held  *os.File // the folder, locked
	tag   string
	files []put
}

// put is one file that was put back; it replaced one, or none.
type put struct {
	name     string
	replaced bool
}

// PutBack makes the files of an archive anew in dir. What has their names and
// other contents is kept aside until Commit; files of other names stay. A
// process that has an old one open keeps it. What a killed put back left is
// undone first. One of Commit and Undo ends it.
func PutBack(ctx context.Context, file, dir string) (*Restored, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	r := &Restored{root: root, tag: fmt.Sprintf("%s%d-", hidden, time.Now().UnixNano())}
	if err = r.lock(); err == nil {
		err = r.recover()
	}
	if err == nil {
		err = r.all(ctx, in)
	}
	if err != nil {
		return nil, errors.Join(err, r.Undo())
	}
	return r, nil
}

func (r *Restored) all(ctx context.Context, in *os.File) error {
	st, err := in.Stat()
	if err != nil {
		return err
	}
	left := st.Size() // bytes: what is more than the archive itself nobody saved
	for archive := tar.NewReader(in); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrArchive, err)
		}
		if left -= h.Size; left < 0 || !r.mayBe(h) {
			return fmt.Errorf("%w: it has %.200q of %d bytes", ErrArchive, h.Name, h.Size)
		}
		if err := errors.Join(ctx.Err(), r.one(h, archive)); err != nil {
			return fmt.Errorf("put back shared memory %s: %w", h.Name, err)
		}
	}
}

// mayBe: the second file of a name would take what was kept aside for the first.
func (r *Restored) mayBe(h *tar.Header) bool {
	switch name := h.Name; {
	case h.Typeflag != tar.TypeReg, name != filepath.Base(name), name == ".", name == "..", name == "/", strings.HasPrefix(name, hidden):
		return false
	}
	return !slices.ContainsFunc(r.files, func(f put) bool { return f.name == h.Name })
}

// one makes the new file beside its name and exchanges then.
func (r *Restored) one(h *tar.Header, from io.Reader) error {
	fresh, aside := r.tag+"new-"+h.Name, r.tag+"old-"+h.Name
	if err := r.make(fresh, h, from); err != nil {
		return errors.Join(err, cleanup.IgnoreAbsent(r.root.Remove(fresh)))
	}
	err := r.root.Rename(h.Name, aside)
	if cleanup.IgnoreAbsent(err) != nil {
		return errors.Join(err, r.root.Remove(fresh))
	}
	r.files = append(r.files, put{h.Name, err == nil})
	return r.root.Rename(fresh, h.Name)
}

func (r *Restored) make(name string, h *tar.Header, from io.Reader) error {
	out, err := r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	err = errors.Join(err, out.Chown(h.Uid, h.Gid), syscall.Fchmod(int(out.Fd()), uint32(h.Mode)&0o7777), out.Close())
	if err != nil {
		return err
	}
	return r.root.Chtimes(name, h.ModTime, h.ModTime)
}

// Commit lets go of what was there before.
func (r *Restored) Commit() error {
	var errs []error
	for _, f := range r.files {
		if f.replaced {
			errs = append(errs, cleanup.IgnoreAbsent(r.root.Remove(r.tag+"old-"+f.name)))
		}
	}
	return errors.Join(append(errs, r.close())...)
}

// Undo puts back what was there before.
func (r *Restored) Undo() error {
	var errs []error
	for _, f := range r.files {
		if f.replaced {
			errs = append(errs, r.root.Rename(r.tag+"old-"+f.name, f.name))
		} else {
			errs = append(errs, cleanup.IgnoreAbsent(r.root.Remove(f.name)))
		}
		errs = append(errs, cleanup.IgnoreAbsent(r.root.Remove(r.tag+"new-"+f.name)))
	}
	return errors.Join(append(errs, r.close())...)
}
