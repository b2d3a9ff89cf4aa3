package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

const (
	precopyRounds = 3
	precopyLittle = 32 << 20        // bytes: a round that writes less is the last
	stillTime     = 2 * time.Second // for a Look; without one everything is read again
)

// precopied is what was copied of the volumes while the database ran.
type precopied struct {
	id    string // of the checkpoint to come
	draft *captures.Draft
	roots map[string]*volume.Precopy // by source
}

func (p *precopied) discard() error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, r := range p.roots {
		errs = append(errs, r.Discard())
	}
	return errors.Join(append(errs, p.draft.Discard())...)
}

// Precopy copies the volumes, where they have to be copied, while the database
// runs, so that Dump has little left to copy. It comes before Quiesce, and only
// where a client has said that a checkpoint is what it wants: it takes as long
// as it takes. An error says why there can be no checkpoint; whatever else goes
// wrong costs the pre-copy alone. Nothing is left of it when Thaw comes first.
func (k *Cut) Precopy(ctx context.Context, images string) error {
	err := k.rec.run(ctx, k.precopySteps(images))
	if err == nil {
		return nil
	}
	err = errors.Join(err, k.DropPrecopy())
	if noRoom(err) {
		return rpccode.Wrap(rpccode.Preflight, err)
	}
	if errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, errStuck) {
		return err
	}
	k.warn(err.Error())
	return nil
}

// takeOver gives what was copied before to the first dump of the cut.
func (d *dump) takeOver() {
	if d.pre == nil {
		return
	}
	p := d.pre
	d.pre, d.id, d.draft, d.copied = nil, p.id, p.draft, p.roots
	d.undo.Push("the pre-copy", func(context.Context) error { return p.discard() })
}

// DropPrecopy removes what Precopy made and no Dump took over.
func (k *Cut) DropPrecopy() error {
	p := k.pre
	k.pre = nil
	return p.discard()
}

func (k *Cut) precopySteps(images string) []step {
	return []step{{"find", k.locate}, {"folders", k.askFolders}, k.roomStep(images), {"pre-copy", k.precopy}}
}

// askFolders lets the database say where its files are. One that cannot be
// asked, or does not answer in the time of a pause, is asked again, with more to
// say about it, by Quiesce.
func (k *Cut) askFolders(ctx context.Context) error {
	if k.mode() == modeNone {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, k.c.Settings.PauseBudget)
	defer cancel()
	target, err := k.target(nil)
	if err != nil {
		return nil // Quiesce tells
	}
	s, err := k.sessions.Begin().Open(ctx, target)
	if err != nil {
		return nil // Quiesce tells
	}
	if db, err := s.Evidence(ctx); err == nil {
		k.db.Folders = db.Folders
	}
	return s.Kill()
}

func (k *Cut) precopy(ctx context.Context) error {
	if k.c.Settings.Volumes == "fingerprint" {
		return nil
	}
	layout, err := volume.Mounts(k.c.Spec.Mounts, k.c.Rootfs, k.Folders())
	if err != nil {
		return err
	}
	roots := captured(layout.Roots)
	if err := k.beginPrecopy(ctx, roots); err != nil || len(k.pre.roots) == 0 {
		return err
	}
	sum, err := k.rounds(ctx)
	k.rec.remark = fmt.Sprintf("read %d bytes, wrote %d bytes", sum.Read, sum.Written)
	return err
}

func captured(roots []volume.Root) []volume.Root {
	return slices.DeleteFunc(slices.Clone(roots), func(r volume.Root) bool { return r.Kind == volume.Tmpfs })
}

func (k *Cut) beginPrecopy(ctx context.Context, roots []volume.Root) (err error) {
	k.pre = &precopied{id: manifest.NewID(), roots: map[string]*volume.Precopy{}}
	if k.pre.draft, err = k.beginIn(ctx, k.pre.id); err != nil {
		return err
	}
	k.pre.draft.Avoid(sources(roots)...)
	takes := map[string]int64{} // by capture
	for i, r := range roots {
		dst, err := k.pre.draft.Place(nameOf(i), r.Source)
		if err != nil {
			return err
		}
		p, err := volume.NewPrecopy(ctx, r.Source, dst, volume.CaptureOptions{
			MaxCopy: k.c.Settings.MaxCopy, Reserve: precopyReserve(r.Source, dst)})
		if err != nil {
			return fmt.Errorf("%s: %w", r.Destination, err)
		}
		if p == nil {
			continue
		}
		k.pre.roots[r.Source] = p
		if err := p.Fits(onDisk(takes, dst)); err != nil {
			return fmt.Errorf("%s: %w", r.Destination, err)
		}
		takes[dst] = p.Needs()
	}
	return nil
}

// onDisk sums up what is to be made on the file system of dst, in bytes.
func onDisk(takes map[string]int64, dst string) (sum int64) {
	for at, n := range takes {
		if same, err := volume.SameFileSystem(at, dst); err == nil && same {
			sum += n
		}
	}
	return sum
}

func nameOf(i int) string { return "volume-" + strconv.Itoa(i) }

func sources(roots []volume.Root) (all []string) {
	for _, r := range roots {
		all = append(all, r.Source)
	}
	return all
}

// rounds copies until little is left, or a round does not halve it.
func (k *Cut) rounds(ctx context.Context) (sum volume.Round, err error) {
	for last, n := int64(-1), 0; n < precopyRounds; n++ {
		round, err := k.round(ctx)
		sum.Read, sum.Written = sum.Read+round.Read, sum.Written+round.Written
		if err != nil || round.Written < precopyLittle || last >= 0 && round.Written > last/2 {
			return sum, err
		}
		last = round.Written
	}
	return sum, nil
}

func (k *Cut) round(ctx context.Context) (sum volume.Round, err error) {
	for source := range k.pre.roots { // what waits to be written is not for the freeze to write
		if err := volume.SyncFS(source); err != nil {
			return sum, err
		}
	}
	if err := k.look(ctx); err != nil {
		return sum, err
	}
	for _, p := range k.pre.roots {
		r, err := p.Copy(ctx)
		if err != nil {
			return sum, err
		}
		sum.Read, sum.Written = sum.Read+r.Read, sum.Written+r.Written
	}
	return sum, nil
}

// look freezes the container for as long as it takes to look at its files. A
// moment is all that it may take: if it takes longer nothing was seen, and
// everything will be read again.
func (k *Cut) look(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, stillTime)
	defer cancel()
	err := k.still(within, func() error {
		mapped, err := k.mapped()
		for _, p := range k.pre.roots {
			if err == nil {
				err = p.Look(within, mapped)
			}
		}
		return err
	})
	if err == nil || errors.Is(err, errStuck) {
		return err
	}
	k.warn(fmt.Sprintf("pre-copy: %v; what was copied is read again", err))
	for _, p := range k.pre.roots {
		if err := p.Unsure(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// errStuck: nothing of lull's may go on as if the container ran.
var errStuck = errors.New("the container was frozen to look at its files, and does not thaw")

// still runs do while nothing in the container runs. The runtime is not told:
// for it the container runs all the while.
func (k *Cut) still(ctx context.Context, do func() error) (err error) {
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		if stuck := k.freezer.Thaw(after); stuck != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", errStuck, stuck))
		}
	}()
	if err := k.freezer.Freeze(ctx); err != nil {
		return err
	}
	return do()
}

// mapped knows the inodes that the container may write without a system call
// that ends: all of them, where it has asynchronous I/O.
func (k *Cut) mapped() (func(uint64) bool, error) {
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return nil, err
	}
	m, err := procs.SharedMappings(pids)
	return func(inode uint64) bool { return m.Async || m.Shared[inode] }, err
}
