package volume

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// partialPrefix marks captures that are not published: never to be used,
// and removed by Prune unless a live process still works on them.
const partialPrefix = ".lull-partial-"

// CaptureOptions of a capture.
type CaptureOptions struct {
	// Hash computes the sha256 of what is copied anyway, in the same pass.
	// Without it Publish reads the copy, after the thaw.
	Hash bool
	// CrossMounts enters mount points below the source; otherwise an empty
	// folder stands for each.
	CrossMounts bool
	// MaxCopy bounds the bytes that may be copied where files cannot be
	// cloned; 0 is no bound. Above it: ErrTooLarge, and nothing is copied.
	MaxCopy int64
	// Synced as in Options.
	Synced bool
}

// Result is a capture. Until Publish it is a hidden temp folder that nobody
// may use and that Prune removes when this process is gone.
type Result struct {
	List   *List  // of the source, as it was when it was copied
	Method string // reflink when every file was cloned, else copy
	Bytes  int64  // of all regular files
	Copied int64  // bytes on disk that had to be copied

	dst  string
	temp string
	dir  *os.File // of temp, locked
}

// Capture copies the folder src, which nothing may write to meanwhile
// (ErrMoving), into a temp folder beside dst, and Publish makes it dst. Files
// are cloned where the file system can do that. Modes, owners, times, ACLs and
// other attributes, hard links, holes, pipes and sockets are kept. A failure
// leaves nothing.
func Capture(ctx context.Context, src, dst string, o CaptureOptions) (*Result, error) {
	from, err := openRoot(src)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	if !o.Synced {
		if err := syncFS(from); err != nil {
			return nil, err
		}
	}
	w := &walk{ctx: ctx, cross: o.CrossMounts, xattrs: true}
	list, err := w.list(from)
	if err != nil {
		return nil, err
	}
	r, err := newResult(from.Name(), dst)
	if err != nil {
		return nil, err
	}
	r.List = list
	if err := r.fill(ctx, from, w.allocated, o); err != nil {
		return nil, errors.Join(err, r.Discard())
	}
	return r, nil
}

func (r *Result) fill(ctx context.Context, from *os.File, need int64, o CaptureOptions) error {
	c := &copier{ctx: ctx, src: from, dst: r.dir, entries: r.List.Entries, hash: o.Hash}
	c.clones.Store(canClone(from, r.dir, r.List.Entries))
	if !c.clones.Load() {
		if err := mayCopy(r.dir, need, o.MaxCopy); err != nil {
			return err
		}
	}
	if err := c.tree(); err != nil {
		return err
	}
	_, r.Bytes = r.List.Counts()
	r.Copied, r.Method = c.copied.Load(), "reflink"
	if r.Copied > 0 || !c.clones.Load() {
		r.Method = "copy"
	}
	return nil
}

// Temp is where the capture is until Publish.
func (r *Result) Temp() string { return r.temp }

// Publish reads what was not hashed yet (from the copy: the source may be in
// use again), makes the capture durable and gives it its name. Afterwards
// List is complete. When it fails nothing is left.
func (r *Result) Publish(ctx context.Context) error {
	err := r.publish(ctx)
	if err != nil {
		return errors.Join(err, r.Discard())
	}
	return r.close()
}

func (r *Result) publish(ctx context.Context) error {
	if r.dir == nil {
		return &PathError{Class: ErrCapture, Path: r.dst, Why: "it was published or discarded already"}
	}
	if err := hashCopy(ctx, r.dir, r.List.Entries); err != nil {
		return err
	}
	if err := syncFS(r.dir); err != nil {
		return err
	}
	if err := unix.Renameat2(unix.AT_FDCWD, r.temp, unix.AT_FDCWD, r.dst, unix.RENAME_NOREPLACE); err != nil {
		return &PathError{Class: ErrPath, Path: r.dst, Why: "the capture cannot be published", Err: err}
	}
	return syncPath(filepath.Dir(r.dst))
}

// Discard removes a capture that was not published; after Publish, or a second
// time, it does nothing.
func (r *Result) Discard() error {
	if r.dir == nil {
		return nil
	}
	return errors.Join(os.RemoveAll(r.temp), r.close())
}

func (r *Result) close() error {
	dir := r.dir
	r.dir = nil
	return unlock(dir)
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
	return &Result{dst: abs, temp: temp, dir: dir}, nil
}

// makeLocked makes a folder that Prune leaves alone while it is open.
func makeLocked(path string) (*os.File, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(&PathError{Class: ErrBusy, Path: path, Err: err}, dir.Close())
	}
	return dir, nil
}

func mayCopy(dst *os.File, need, limit int64) error {
	if limit > 0 && need > limit {
		return fmt.Errorf("%w: %d bytes, lull/max-copy is %d; raise it, or put the store on the volume's own file system if that can clone (XFS, btrfs)",
			ErrTooLarge, need, limit)
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(dst.Fd()), &fs); err != nil {
		return &PathError{Class: ErrPath, Path: dst.Name(), Err: err}
	}
	if free := int64(fs.Bavail) * fs.Frsize; need > free {
		return fmt.Errorf("%w: %d bytes are needed in %s, %d are free; make room or name another store",
			ErrRoom, need, show(filepath.Dir(dst.Name())), free)
	}
	return nil
}

// inside reports whether path is dir or lies below it. Both are clean.
func inside(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return errors.Join(f.Sync(), f.Close())
}
