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

	"github.com/lull-containers/lull/internal/flock"

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
	// Reserve is what has to be free afterwards where the capture goes, in
	// bytes: somebody else will need it.
	Reserve int64
	// Synced as in Options.
	Synced bool
	// Precopy is what was copied of src already; nil: nothing. What the
	// capture does not take of it is discarded.
	Precopy *Precopy
	// Step as in PutBackOptions.
	Step func(step string) error
}

// Capture copies the folder src, which nothing may write to meanwhile
// (ErrMoving), into a temp folder beside dst, and Publish makes it dst. Files
// are cloned where the file system can do that; a btrfs subvolume is captured
// by a snapshot. Modes, owners, times, ACLs and
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
	r.List, r.step = list, stepper(o.Step)
	if err := r.step("begun"); err != nil {
		return nil, errors.Join(err, r.Discard())
	}
	if canSnapshot(from, r.dir, list.Entries) {
		err = r.snapshot(from)
	} else {
		err = r.fill(ctx, from, w.allocated, o)
	}
	if err != nil {
		return nil, errors.Join(err, r.Discard())
	}
	return r, nil
}

// snapshot puts a snapshot in the empty folder's place.
func (r *Result) snapshot(from *os.File) error {
	if err := os.Remove(r.temp); err != nil {
		return &PathError{Class: ErrPath, Path: r.temp, Err: err}
	}
	if err := snapshot(from, r.temp); err != nil {
		return err
	}
	dir, err := lockDir(r.temp)
	if err != nil {
		return err
	}
	err = errors.Join(r.step(SnapshotStep), flock.Close(r.dir))
	r.dir = dir
	_, r.Bytes = r.List.Counts()
	r.Method = "snapshot"
	return err
}

func (r *Result) fill(ctx context.Context, from *os.File, need int64, o CaptureOptions) error {
	c := &copier{ctx: ctx, src: from, dst: r.dir, entries: r.List.Entries, hash: o.Hash, pre: o.Precopy, proven: o.Precopy.stands(r.List),
		limit: o.MaxCopy, reserve: o.Reserve}
	c.clones.Store(o.Precopy == nil && canClone(from, r.dir, r.List.Entries))
	if !c.clones.Load() {
		if err := mayCopy(r.dir, need, o.Precopy.allocated()-o.Reserve, o.MaxCopy); err != nil {
			return err
		}
	}
	if err := c.tree(); err != nil {
		return err
	}
	if err := o.Precopy.sync(); err != nil {
		return err
	}
	if err := o.Precopy.Discard(); err != nil {
		return err
	}
	r.Read = c.read.Load()
	_, r.Bytes = r.List.Counts()
	if err := r.step("copied"); err != nil {
		return err
	}
	r.Copied, r.Method = c.copied.Load(), "reflink"
	if r.Copied > 0 || !c.clones.Load() {
		r.Method = "copy"
	}
	return nil
}

// stepper bears that nobody wants to know of steps.
func stepper(step func(string) error) func(string) error {
	if step == nil {
		return func(string) error { return nil }
	}
	return step
}

// mayCopy refuses to copy more than is allowed, or than there is room for
// besides what is there already; all in bytes.
func mayCopy(dst *os.File, need, there, limit int64) error {
	if err := mayBeCopied(need, limit); err != nil {
		return err
	}
	free, err := freeIn(dst)
	if err != nil {
		return err
	}
	if need-there > free {
		return fmt.Errorf("%w: %d bytes are needed in %s, %d are free; make room or name another store",
			ErrRoom, need-there, show(filepath.Dir(dst.Name())), free)
	}
	return nil
}

// freeIn is the room on a file's file system, in bytes.
func freeIn(f *os.File) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return 0, &PathError{Class: ErrPath, Path: f.Name(), Err: err}
	}
	return int64(fs.Bavail) * fs.Frsize, nil
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
