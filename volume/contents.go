package volume

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const copyBuffer = 256 << 10

// workers bounds how many files are read at a time: the database's host has
// other things to do.
func workers() int { return min(2, runtime.GOMAXPROCS(0)) }

// each runs do for 0 … n-1, a few at a time and with a buffer for each of
// these, until one fails.
func each(ctx context.Context, n int, do func(ctx context.Context, buf []byte, i int) error) error {
	return eachOn(ctx, asItIs, n, do)
}

// workplace is where a worker works.
type workplace func(func() error) error

func asItIs(work func() error) error { return work() }

func eachOn(ctx context.Context, place workplace, n int, do func(ctx context.Context, buf []byte, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	work := func() error {
		buf := make([]byte, copyBuffer)
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(ctx, buf, int(i)); err != nil {
				return err
			}
		}
		return nil
	}
	for range min(workers(), n) {
		g.Go(func() error { return place(work) })
	}
	return g.Wait()
}

// fillContents reads every regular file of entries, below dir, that has no
// digest yet; files that are linked several times are read once.
func fillContents(ctx context.Context, dir *os.File, entries []Entry) error {
	first, rest := groupLinks(entries)
	err := each(ctx, len(first), func(ctx context.Context, buf []byte, i int) (err error) {
		first[i].SHA256, err = hashEntry(ctx, dir, first[i], buf)
		return err
	})
	for e, same := range rest {
		e.SHA256 = same.SHA256
	}
	return err
}

// groupLinks splits the unread files into those to be read and those that are
// further names of one that is.
func groupLinks(entries []Entry) (first []*Entry, rest map[*Entry]*Entry) {
	rest = map[*Entry]*Entry{}
	seen := map[inode]*Entry{}
	for i := range entries {
		e := &entries[i]
		if !e.unread() {
			continue
		}
		if same := seen[e.inode()]; same != nil {
			rest[e] = same
			continue
		}
		if e.Nlink > 1 {
			seen[e.inode()] = e
		}
		first = append(first, e)
	}
	return first, rest
}

// hashEntry reads one file, which has to be the one that the walk saw, before
// and after.
func hashEntry(ctx context.Context, dir *os.File, e *Entry, buf []byte) (Digest, error) {
	f, err := openQuiet(dir, e.Path, 0)
	if err != nil {
		return Digest{}, moved(e.Path, err)
	}
	defer f.Close()
	if err := unmoved(f, e); err != nil {
		return Digest{}, err
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(h, reader{ctx, f}, buf); err != nil {
		return Digest{}, fmt.Errorf("read %s: %w", show(e.Path), err)
	}
	return Digest(h.Sum(nil)), unmoved(f, e)
}

// unmoved fails when the open file is not, or no longer, what the entry says.
func unmoved(f *os.File, e *Entry) error {
	now, err := statAt(f, "")
	if err != nil {
		return &PathError{Class: ErrPath, Path: e.Path, Err: err}
	}
	if !sameStat(&now.Entry, e) {
		return &PathError{Class: ErrMoving, Path: e.Path,
			Remedy: "freeze or stop whatever writes there, then try again"}
	}
	return nil
}

// reader ends with the context, and hides the file's WriteTo, so that
// io.CopyBuffer uses the buffer it is given.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
