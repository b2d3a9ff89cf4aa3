package volume

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// Packed is what Pack wrote, coming in. Skip passes over bytes that are not
// needed.
type Packed interface {
	io.Reader
	Skip(n int64) error
}

// UnpackDir is the name, beside dst, of a volume that is being unpacked. Prune
// takes it for what it is: of no use to anybody.
func UnpackDir(dst string) string {
	return filepath.Join(filepath.Dir(dst), partialPrefix+"unpack-"+filepath.Base(dst))
}

// Replace has anew make dst; what was there is kept aside until it has, and comes
// back when it fails.
func Replace(dst string, anew func() error) error {
	aside := filepath.Join(filepath.Dir(dst), partialPrefix+"replaced-"+filepath.Base(dst))
	if err := Remove(aside); err != nil { // of one that was killed
		return err
	}
	if err := os.Rename(dst, aside); err != nil {
		return err
	}
	if err := anew(); err != nil {
		return errors.Join(err, os.Rename(aside, dst))
	}
	return Remove(aside)
}

// Unpack makes the captured volume dst of a list and what Pack wrote. The list
// may come from anywhere: whatever is in it, nothing is made outside of dst,
// and what no data folder needs (Portable) is refused before anything is made.
// Files that an earlier, interrupted Unpack has finished are kept when they
// are what they should be. dst appears when it is whole and durable.
func (l *List) Unpack(ctx context.Context, dst string, from Packed) error {
	if err := l.Portable(); err != nil {
		return err
	}
	files, err := l.packed()
	if err != nil {
		return err
	}
	temp := UnpackDir(dst)
	dir, err := lockedDir(temp)
	if err != nil {
		return err
	}
	defer dir.Close()
	u := &unpacking{copier: copier{ctx: ctx, dst: dir, entries: l.Entries}, from: from, buf: make([]byte, copyBuffer)}
	if err := u.tree(files); err != nil {
		return err // what is whole of it is found again by the next one
	}
	return publishDir(dir, dst)
}

// publishDir makes a folder durable and gives it its name.
func publishDir(dir *os.File, dst string) error {
	if err := syncFS(dir); err != nil {
		return err
	}
	if err := unix.Renameat2(unix.AT_FDCWD, dir.Name(), unix.AT_FDCWD, dst, unix.RENAME_NOREPLACE); err != nil {
		return &PathError{Class: ErrPath, Path: dst, Why: "it cannot be published", Err: err}
	}
	return syncPath(filepath.Dir(dst))
}

type unpacking struct {
	copier
	from Packed
	buf  []byte
}

func (u *unpacking) tree(files []*Entry) error {
	if err := u.clear(); err != nil {
		return err
	}
	if err := u.every(u.folderOnce); err != nil {
		return err
	}
	first := map[inode]*Entry{}
	for _, e := range files {
		if err := u.fileOnce(e); err != nil {
			return err
		}
		first[e.inode()] = e
	}
	err := u.every(func(e *Entry) error {
		if same := first[e.inode()]; e.Type == Regular && !e.Mount && e.Nlink > 1 && same != e {
			return u.link(e, same)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := u.every(u.special); err != nil {
		return err
	}
	return u.folderMetadata()
}

func (u *unpacking) folderOnce(e *Entry) error {
	if err := u.folder(e); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// fileOnce keeps a file that is there and is the right one.
func (u *unpacking) fileOnce(e *Entry) error {
	if u.has(e) {
		if err := u.from.Skip(e.Size); err != nil {
			return err
		}
		return u.metadata(e) // which it may have been killed before
	}
	if err := u.file(e); err != nil {
		return fmt.Errorf("unpack %s: %w", show(e.Path), err)
	}
	return u.metadata(e)
}

func (u *unpacking) has(e *Entry) bool {
	now, err := hashNow(u.ctx, u.dst, e.Path, u.buf)
	return err == nil && now.Size == e.Size && now.SHA256 == e.SHA256 && now.Nlink == 1
}

func (u *unpacking) file(e *Entry) (err error) {
	dir, name, err := u.parent(e)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	out, err := openBeneath(u.dst, e.Path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	h := sha256.New()
	w := &holes{out: out}
	if _, err := io.CopyBuffer(io.MultiWriter(h, w), reader{u.ctx, io.LimitReader(u.from, e.Size)}, u.buf); err != nil {
		return err
	}
	if w.at != e.Size || Digest(h.Sum(nil)) != e.SHA256 {
		return &PathError{Class: ErrCapture, Path: e.Path, Why: "what came is not what was captured",
			Remedy: "pull again, or from another place"}
	}
	return out.Truncate(e.Size)
}

// lockedDir makes or takes the folder of an unpacking, unless it is under way.
func lockedDir(path string) (*os.File, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	dir, err := openRoot(path)
	if err != nil {
		return nil, err
	}
	if err := flock.Try(dir, flock.Exclusive); err != nil {
		return nil, errors.Join(&PathError{Class: ErrBusy, Path: path, Err: err}, dir.Close())
	}
	return dir, nil
}

// hashNow looks at a file as it is.
func hashNow(ctx context.Context, dir *os.File, path string, buf []byte) (Entry, error) {
	f, err := openQuiet(dir, path, 0)
	if err != nil {
		return Entry{}, err
	}
	now, err := statAt(f, "")
	if err := errors.Join(err, f.Close()); err != nil {
		return Entry{}, err
	}
	now.Path = path
	now.SHA256, err = hashEntry(ctx, dir, &now.Entry, buf)
	return now.Entry, err
}
