package volume

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"os"
	"path"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// copier makes dst, an empty folder, like src. Its order keeps every step
// simple: folders first, then contents, further names, special files, and the
// folders' own metadata last, because filling them changes their times.
type copier struct {
	ctx      context.Context
	src      *os.File
	dst      *os.File
	entries  []Entry // of src; digests are filled in
	hash     bool
	clones   atomic.Bool  // cloning works, as far as is known
	limit    int64        // bytes that may be copied where that turns out not to be so; 0: any
	reserve  int64        // bytes that are left free then
	unshared atomic.Int64 // bytes of such files
	copied   atomic.Int64 // bytes that were copied, not cloned
	read     atomic.Int64 // bytes
	pre      *Precopy     // nil: nothing was copied before
	proven   bool         // times can prove that what was copied before is right
	taking   sync.Mutex   // of pre
}

func (c *copier) tree() error {
	first, rest := groupLinks(c.entries)
	if err := c.every(c.folder); err != nil {
		return err
	}
	err := each(c.ctx, len(first), func(ctx context.Context, buf []byte, i int) error { return c.file(ctx, first[i], buf) })
	if err != nil {
		return err
	}
	for e, same := range rest {
		if err := c.link(e, same); err != nil {
			return err
		}
	}
	if err := c.every(c.special); err != nil {
		return err
	}
	return c.folderMetadata()
}

func (c *copier) every(do func(*Entry) error) error {
	for i := range c.entries {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if err := do(&c.entries[i]); err != nil {
			return fmt.Errorf("copy %s: %w", show(c.entries[i].Path), err)
		}
	}
	return nil
}

// parent opens the folder that e is in, in the copy.
func (c *copier) parent(e *Entry) (*os.File, string, error) {
	dir, name := path.Split(e.Path)
	f, err := openBeneath(c.dst, path.Clean(dir), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return f, name, err
}

func (c *copier) folder(e *Entry) error {
	if e.Type != Folder || e.Path == "." {
		return nil
	}
	dir, name, err := c.parent(e)
	if err != nil {
		return err
	}
	defer dir.Close()
	return unix.Mkdirat(int(dir.Fd()), name, 0o700)
}

func (c *copier) file(ctx context.Context, e *Entry, buf []byte) (err error) {
	if f := c.before(e); f != nil {
		return c.finish(ctx, f, e, buf)
	}
	in, err := openQuiet(c.src, e.Path, 0)
	if err != nil {
		return moved(e.Path, err)
	}
	defer in.Close()
	out, err := openBeneath(c.dst, e.Path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := unmoved(in, e); err != nil {
		return err
	}
	if err := c.contents(ctx, in, out, e, buf); err != nil {
		return fmt.Errorf("copy %s: %w", show(e.Path), err)
	}
	if err := unmoved(in, e); err != nil {
		return err
	}
	return c.metadata(e)
}

func (c *copier) contents(ctx context.Context, in, out *os.File, e *Entry, buf []byte) error {
	if c.clones.Load() {
		if cloneFile(out, in) {
			return nil
		}
		if err := c.mayFallBack(in); err != nil {
			return err
		}
	}
	var h hash.Hash
	if c.hash {
		h = sha256.New()
	}
	n, err := (&dataCopy{ctx: ctx, out: out, in: in, hash: h, buf: buf}).run(e.Size)
	c.copied.Add(n)
	c.read.Add(n)
	if err == nil && h != nil {
		e.SHA256 = Digest(h.Sum(nil))
	}
	return err
}

// mayFallBack asks before a file is copied that could not be cloned: nobody has
// counted it.
func (c *copier) mayFallBack(in *os.File) error {
	now, err := statAt(in, "")
	if err != nil {
		return err
	}
	all := c.unshared.Add(now.allocated)
	return mayCopy(c.dst, all, all-now.allocated-c.reserve, c.limit)
}

// before gives what a pre-copy has of a file.
func (c *copier) before(e *Entry) *pooled {
	c.taking.Lock()
	defer c.taking.Unlock()
	return c.pre.take(e)
}

// finish makes what was copied before right, if its file was written since,
// and moves it to its place.
func (c *copier) finish(ctx context.Context, f *pooled, e *Entry, buf []byte) error {
	if c.proven && f.proven && sameStat(&f.seen, e) {
		e.SHA256 = f.digest
	} else if err := c.correct(ctx, f, e, buf); err != nil {
		return fmt.Errorf("copy %s: %w", show(e.Path), err)
	}
	to, name, err := c.parent(e)
	if err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	defer to.Close()
	if err := unix.Renameat(int(c.pre.pool.Fd()), f.name, int(to.Fd()), name); err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	return c.metadata(e)
}

func (c *copier) correct(ctx context.Context, f *pooled, e *Entry, buf []byte) (err error) {
	in, err := openQuiet(c.src, e.Path, 0)
	if err != nil {
		return moved(e.Path, err)
	}
	defer in.Close()
	out, err := openBeneath(c.pre.pool, f.name, unix.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := unmoved(in, e); err != nil {
		return err
	}
	u := &blockCopy{ctx: ctx, in: in, out: out, tagger: c.pre.tagger, blocks: &f.blocks, buf: buf}
	err = u.run(e.Size)
	c.read.Add(u.read)
	c.copied.Add(u.written)
	if err != nil {
		return err
	}
	return unmoved(in, e)
}

// hashCopy fills the digests that are missing from entries, reading the copy
// at dir instead of the files that the entries were made of.
func hashCopy(ctx context.Context, place workplace, dir *os.File, entries []Entry) error {
	first, rest := groupLinks(entries)
	err := eachOn(ctx, place, len(first), func(ctx context.Context, buf []byte, i int) error {
		f, err := openQuiet(dir, first[i].Path, 0)
		if err != nil {
			return &PathError{Class: ErrCapture, Path: first[i].Path, Err: err}
		}
		now, err := statAt(f, "")
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		now.Path = first[i].Path
		first[i].SHA256, err = hashEntry(ctx, dir, &now.Entry, buf)
		return err
	})
	for e, same := range rest {
		e.SHA256 = same.SHA256
	}
	return err
}
