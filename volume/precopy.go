package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// Precopy is the part of a capture that is copied while the database runs.
// Each round is a Look, with the database frozen for the moment that it takes,
// and a Copy, while it runs; Capture then copies, with the database frozen,
// what changed since. Its methods are not safe for concurrent use.
//
// Files are kept by inode in a hidden folder beside the capture. For each the
// copy's blocks are known by tags, so that a block which changed is found by
// reading the file once, and only such blocks are written. A file need not
// even be read when its times prove that nothing was written, and that takes
// more than equal times: a write that is under way has moved the ctime already
// and changes the contents later. Therefore the times that count are those
// seen while everything stood still, when no write was under way: whatever
// began to write after that has moved them. docs/CAPTURE.md has the argument.
type Precopy struct {
	src     *os.File
	pool    *os.File // locked
	path    string
	tagger  *tagger
	pace    *pace
	limit   int64 // lull/max-copy
	needs   int64 // bytes of all files, when it began
	files   map[inode]*pooled
	looked  []Entry // regular files, as the last Look saw them
	certain map[inode]bool
	witness string
	buf     []byte
	read    int64
	written int64
}

// pooled is one file of the pool.
type pooled struct {
	name   string
	seen   Entry // as the Look before its last copy saw it
	proven bool  // what is copied is what seen had, for as long as its times stay
	blocks blocks
	digest Digest // of the copy; zero: not known
}

// Round is what one Copy did, in bytes.
type Round struct{ Read, Written int64 }

// errLow: the database needs the room more than a copy does.
var errLow = errors.New("little room is left on the disk; make room, or name a store on another")

// NewPrecopy begins a capture of src at dst by copying; nil when nothing would
// have to be copied, because blocks can be shared. It, and each Copy, fails
// when less than the reserve would be left.
func NewPrecopy(ctx context.Context, src, dst string, o CaptureOptions) (_ *Precopy, err error) {
	p := &Precopy{files: map[inode]*pooled{}, limit: o.MaxCopy, pace: newPace(), buf: make([]byte, copyBuffer)}
	p.pace.reserve = o.Reserve
	if p.src, err = openRoot(src); err != nil {
		return nil, err
	}
	if err := p.open(ctx, dst); err != nil {
		return nil, errors.Join(err, p.Discard())
	}
	if p.pool == nil {
		return nil, p.Discard()
	}
	return p, nil
}

func (p *Precopy) open(ctx context.Context, dst string) (err error) {
	if p.tagger, err = newTagger(); err != nil {
		return err
	}
	store := filepath.Dir(dst)
	if err := os.MkdirAll(store, 0o700); err != nil {
		return &PathError{Class: ErrPath, Path: store, Err: err}
	}
	if at, err := filepath.EvalSymlinks(store); err != nil || inside(at, p.src.Name()) {
		return &PathError{Class: ErrPath, Path: dst, Err: err,
			Why: "the capture would lie in what it copies", Remedy: "name a store outside of " + show(p.src.Name())}
	}
	p.path = filepath.Join(store, partialPrefix+"pool-"+randomName())
	pool, err := makeLocked(p.path)
	if err != nil {
		return err
	}
	p.pool = pool
	w, err := p.walk(ctx, true)
	if err != nil {
		return err
	}
	if canSnapshot(p.src, pool, w.entries) || canClone(p.src, pool, w.entries) {
		return p.close()
	}
	p.needs = w.allocated
	if err := mayCopy(pool, p.needs, 0, p.limit); err != nil {
		return err
	}
	return p.Fits(0)
}

// Needs is what the copy takes on its disk, in bytes, as far as is known when it
// begins.
func (p *Precopy) Needs() int64 { return p.needs }

// Fits fails when there is not the room for the copy and so many bytes more that
// others are about to write there.
func (p *Precopy) Fits(more int64) error {
	if err := mayCopy(p.pool, p.needs+more, 0, 0); err != nil {
		return err
	}
	return leaves(p.pool, p.needs+more+p.pace.reserve)
}

// leaves fails when less than so many bytes are free.
func leaves(f *os.File, least int64) error {
	free, err := freeIn(f)
	if err == nil && free < least {
		err = errLow
	}
	return err
}

// walk lists the source as it is now.
func (p *Precopy) walk(ctx context.Context, live bool) (*walk, error) {
	dir, err := openQuiet(p.src, ".", unix.O_DIRECTORY)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: p.src.Name(), Err: err}
	}
	w := &walk{ctx: ctx, live: live}
	return w, errors.Join(w.tree(dir), dir.Close())
}

// Look notes how all files are. The caller has frozen whatever writes there,
// and lets it go on afterwards. mapped tells of an inode number whether some
// process has the file mapped for shared writing: a store into a page that is
// dirty already shows nowhere. On overlayfs nobody can tell: before Linux 6.8 a
// mapping has the number of the file below, which stat does not show.
func (p *Precopy) Look(ctx context.Context, mapped func(inode uint64) bool) error {
	w, err := p.walk(ctx, false)
	if err != nil {
		return err
	}
	now, err := stampClock()
	if err != nil {
		return err
	}
	kind, err := FileSystem(p.src.Name())
	if err != nil {
		return err
	}
	witness := w.witness()
	if p.witness != witness || witness == untrusted {
		p.doubt()
	}
	p.witness, p.looked, p.certain = witness, nil, map[inode]bool{}
	for i := range w.entries {
		e := &w.entries[i]
		if e.Type != Regular || e.Mount {
			continue
		}
		p.looked = append(p.looked, *e)
		p.certain[e.inode()] = witness != untrusted && kind != overlay && settled(e.Ctime, now) && !mapped(e.Inode)
	}
	return nil
}

// Unsure is for a Look that could not be had: then no times prove anything.
func (p *Precopy) Unsure(ctx context.Context) error {
	w, err := p.walk(ctx, true)
	if err != nil {
		return err
	}
	p.doubt()
	p.looked, p.certain = nil, nil
	for i := range w.entries {
		if e := &w.entries[i]; e.Type == Regular && !e.Mount {
			p.looked = append(p.looked, *e)
		}
	}
	return nil
}

// doubt takes all proofs back; the copies' blocks stay known.
func (p *Precopy) doubt() {
	for _, f := range p.files {
		f.proven = false
	}
}

// Copy copies, of the files that the last Look saw, what differs from the
// copies that there are. The database may write meanwhile, and is not to
// suffer: the copy waits while the disks are busy.
func (p *Precopy) Copy(ctx context.Context) (Round, error) {
	read, written := p.read, p.written
	for i := range p.looked {
		if err := p.one(ctx, &p.looked[i]); err != nil {
			return Round{}, err
		}
	}
	return Round{Read: p.read - read, Written: p.written - written}, nil
}

func (p *Precopy) one(ctx context.Context, e *Entry) error {
	f := p.files[e.inode()]
	if f != nil && f.proven && sameStat(&f.seen, e) {
		return nil
	}
	if f == nil {
		f = &pooled{name: fmt.Sprintf("%x-%x", e.Device, e.Inode)}
	}
	f.proven, f.digest = false, Digest{} // until it is copied to its end
	err := p.update(ctx, f, e)
	if errors.Is(err, ErrMoving) || errors.Is(err, errShrank) {
		return ctx.Err() // gone, or another file by now: the capture sees to it
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", show(e.Path), err)
	}
	f.seen, f.proven = *e, p.certain[e.inode()]
	return nil
}

// update brings the copy up to what the file has now.
func (p *Precopy) update(ctx context.Context, f *pooled, e *Entry) (err error) {
	in, err := openQuiet(p.src, e.Path, 0)
	if err != nil {
		return moved(e.Path, err)
	}
	defer in.Close()
	now, err := statAt(in, "")
	if err != nil {
		return err
	}
	if now.inode() != e.inode() {
		return &PathError{Class: ErrMoving, Path: e.Path}
	}
	out, err := openBeneath(p.pool, f.name, unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return &PathError{Class: ErrPath, Path: p.path, Err: err}
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	p.files[e.inode()] = f
	u := &blockCopy{ctx: ctx, in: in, out: out, tagger: p.tagger, blocks: &f.blocks, buf: p.buf, pace: p.pace, digest: true}
	err = u.run(now.Size)
	p.read, p.written = p.read+u.read, p.written+u.written
	if err == nil {
		f.digest = u.sum()
	}
	return err
}

// stands reports whether the times of a list can prove anything about what
// was copied: it is of the same boot, mounts and disks.
func (p *Precopy) stands(l *List) bool {
	return p != nil && p.witness != untrusted && p.witness == l.Header.Witness
}

// allocated is how much of a capture there is already, in bytes.
func (p *Precopy) allocated() (n int64) {
	if p == nil {
		return 0
	}
	for _, f := range p.files {
		if s, err := statAt(p.pool, f.name); err == nil {
			n += s.allocated
		}
	}
	return n
}

// take gives the copy of a file to a capture, which moves it; nil: there is
// none.
func (p *Precopy) take(e *Entry) *pooled {
	if p == nil {
		return nil
	}
	f := p.files[e.inode()]
	delete(p.files, e.inode())
	return f
}

// sync writes out what was copied. Only this folder, open since before the first
// byte, is told when an earlier write-back failed: the kernel tells each open
// file of what failed since it was opened.
func (p *Precopy) sync() error {
	if p == nil || p.pool == nil {
		return nil
	}
	return syncFS(p.pool)
}

// Discard removes what was copied and not taken. A second time, or on nil, it
// does nothing.
func (p *Precopy) Discard() error {
	if p == nil {
		return nil
	}
	err := p.close()
	if p.src != nil {
		err = errors.Join(err, p.src.Close())
		p.src = nil
	}
	p.files = nil
	return err
}

func (p *Precopy) close() error {
	if p.pool == nil {
		return nil
	}
	pool := p.pool
	p.pool = nil
	return errors.Join(removeTree(p.path), flock.Close(pool))
}
