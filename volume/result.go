package volume

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// Result is a capture. Until Publish it is a hidden temp folder that nobody
// may use and that Prune removes when this process is gone.
type Result struct {
	// List is of the source, as it was when it was copied. Its contents are
	// complete after Publish: store it then, not before.
	List   *List
	Method string // snapshot; reflink when every file was cloned; else copy
	Bytes  int64  // of all regular files
	Copied int64  // bytes that had to be written, while nothing could write there
	Read   int64  // bytes that had to be read meanwhile
	Hashed int64  // bytes of the copy that Hash read, whenever that was

	step func(string) error

	dst  string
	temp string
	dir  *os.File // of temp, locked
}

// Temp is where the capture is until Publish.
func (r *Result) Temp() string { return r.temp }

// Publish is Hash and Commit: what was not hashed yet is read, and the capture
// is there for good. Afterwards List is complete. When it fails nothing is
// left.
func (r *Result) Publish(ctx context.Context) error {
	if r.dir == nil {
		return r.ended()
	}
	if err := r.Hash(ctx); err != nil {
		return errors.Join(err, r.Discard())
	}
	return r.Commit()
}

// Hash fills the digests that are missing from List. It reads the copy,
// because the source may be in use again; before or after Commit.
func (r *Result) Hash(ctx context.Context) error { return r.hash(ctx, asItIs) }

// HashBehind is Hash for when the database runs: it has the first claim on
// processors and disks.
func (r *Result) HashBehind(ctx context.Context) error { return r.hash(ctx, behind) }

func (r *Result) hash(ctx context.Context, place workplace) error {
	unread, _ := groupLinks(r.List.Entries)
	for _, e := range unread {
		r.Hashed += e.Size
	}
	if r.dir != nil {
		return hashCopy(ctx, place, r.dir, r.List.Entries)
	}
	dir, err := openRoot(r.dst)
	if err != nil {
		return err
	}
	return errors.Join(hashCopy(ctx, place, dir, r.List.Entries), dir.Close())
}

// Commit makes the capture durable and gives it its name. When it fails
// nothing is left.
func (r *Result) Commit() error {
	if r.dir == nil {
		return r.ended()
	}
	if err := r.commit(); err != nil {
		return errors.Join(err, r.Discard())
	}
	return r.close()
}

func (r *Result) ended() error {
	return &PathError{Class: ErrCapture, Path: r.dst, Why: "it was published or discarded already"}
}

func (r *Result) commit() error {
	if err := syncFS(r.dir); err != nil {
		return err
	}
	if err := r.step("synced"); err != nil {
		return err
	}
	if err := unix.Renameat2(unix.AT_FDCWD, r.temp, unix.AT_FDCWD, r.dst, unix.RENAME_NOREPLACE); err != nil {
		return &PathError{Class: ErrPath, Path: r.dst, Why: "the capture cannot be published", Err: err}
	}
	r.temp = r.dst // what Discard removes, should the next step fail
	if err := r.step("named"); err != nil {
		return err
	}
	return syncPath(filepath.Dir(r.dst))
}

// Discard removes a capture that was not published; after Publish, or a second
// time, it does nothing.
func (r *Result) Discard() error {
	if r.dir == nil {
		return nil
	}
	return errors.Join(removeTree(r.temp), r.close())
}

func (r *Result) close() error {
	dir := r.dir
	r.dir = nil
	return flock.Close(dir)
}

func newResult(src, dst string) (*Result, error) {
	abs, err := filepath.Abs(dst)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: dst, Err: err}
	}
	store := filepath.Dir(abs)
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, &PathError{Class: ErrPath, Path: store, Err: err}
	}
	if at, err := filepath.EvalSymlinks(store); err != nil || inside(at, src) {
		return nil, &PathError{Class: ErrPath, Path: dst, Err: err,
			Why: "the capture would lie in what it copies", Remedy: "name a store outside of " + show(src)}
	}
	temp := filepath.Join(store, partialPrefix+filepath.Base(abs)+"-"+randomName())
	dir, err := makeLocked(temp)
	if err != nil {
		return nil, err
	}
	return &Result{dst: abs, temp: temp, dir: dir, step: stepper(nil)}, nil
}

// makeLocked makes a folder that Prune leaves alone while it is open.
func makeLocked(path string) (*os.File, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return lockDir(path)
}

func lockDir(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	if err := flock.Try(dir, flock.Exclusive); err != nil {
		return nil, errors.Join(&PathError{Class: ErrBusy, Path: path, Err: err}, dir.Close())
	}
	return dir, nil
}
