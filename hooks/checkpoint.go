package hooks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
)

// checkpoint makes a cut of the container that CRIU is about to dump. All up to
// the dump happens before the script of pre-dump returns; CRIU then finds the
// container frozen, and the script of post-dump waits for the seal. Whatever
// fails lets the database go before CRIU is told.
func (k *keeper) checkpoint(ctx context.Context, first *call) error {
	if err := k.enter(first.Init); err != nil {
		return err
	}
	rt := held{pid: first.Init}
	cut := engine.NewCut(k.subj.Container, rt, k.sessions())
	paused, err := k.unpause(ctx, rt)
	if err != nil {
		return err
	}
	if err := k.still(ctx, cut); err != nil {
		return err
	}
	d := &dumper{k: k, waiting: first}
	defer k.watchdog(cut)()
	if err := k.dump(ctx, cut, d, first); err != nil {
		return k.fail(ctx, cut, d, err)
	}
	d.waiting.answer(nil)
	<-k.gone
	if paused {
		err = k.awaitResume(cut)
	}
	return errors.Join(err, k.finish(ctx, cut, rt))
}

// still quiesces and freezes.
func (k *keeper) still(ctx context.Context, cut *engine.Cut) error {
	within, cancel := context.WithTimeout(ctx, k.subj.Settings.PauseBudget)
	defer cancel()
	cut.Quiesce(within)
	return cut.Freeze(ctx)
}

func (k *keeper) dump(ctx context.Context, cut *engine.Cut, d *dumper, first *call) error {
	if err := k.leases(ctx, cut.Folders()).take(first.Init); err != nil {
		return err
	}
	_, err := cut.Dump(ctx, d, engine.Request{
		Dir: first.Dir, Work: workOf(first.CRIU), Exit: !k.subj.by.leavesRunning(),
		Still: func() error { return stands(first.CRIU, cut.Freezer(), first.Init) },
	})
	return err
}

// stands asks the kernel whether CRIU holds every process, or the freezer does.
func stands(criu int, f freezer.File, init int) error {
	frozen, err := f.Frozen()
	if err != nil || frozen {
		return err
	}
	pids, err := f.Pids()
	if err != nil {
		return err
	}
	traced, err := procs.Traced(append(pids, init), criu)
	if err == nil && !traced {
		err = errors.New("the container ran again before the checkpoint was whole")
	}
	return err
}

// watchdog poisons a checkpoint that takes too long. CRIU holds the processes
// meanwhile, and lets them run when it is refused the seal.
func (k *keeper) watchdog(cut *engine.Cut) func() {
	const reason = "the checkpoint took longer than lull/max-frozen"
	t := time.AfterFunc(k.subj.Settings.MaxFrozen, func() { _ = cut.Poison(reason) }) // the marks are in the store and in the folder; either counts
	return func() { t.Stop() }
}

// fail lets the database run on. Before the dump it does so before CRIU hears
// of it; in the dump CRIU has to let go first.
func (k *keeper) fail(ctx context.Context, cut *engine.Cut, d *dumper, why error) error {
	if d.dumped {
		d.waiting.answer(why)
		<-k.gone
	}
	err := errors.Join(why, cut.Thaw(ctx))
	if !d.dumped {
		d.waiting.answer(err)
	}
	return err
}

// finish lets the database go on, if it is to live. One that was to end and
// lives tells of a failure of CRIU's.
func (k *keeper) finish(ctx context.Context, cut *engine.Cut, rt held) error {
	if !procs.Alive(rt.pid) {
		cut.End()
		return errors.Join(cut.DropPrecopy(), os.RemoveAll(k.subj.Paths.State))
	}
	var err error
	if !k.subj.by.leavesRunning() {
		err = cut.Poison("CRIU did not stop the container that it had dumped")
	}
	err = errors.Join(err, cut.Thaw(ctx))
	cut.End()
	return err
}

// dumper is engine.Dumper: CRIU works while the scripts of two stages wait.
type dumper struct {
	k       *keeper
	waiting *call // the script that is to be answered
	dumped  bool  // CRIU was let go
}

// Dump lets CRIU go and waits for what it wrote.
func (d *dumper) Dump(context.Context) error {
	if err := clearEarlier(d.waiting.Dir); err != nil {
		return err
	}
	d.waiting.answer(nil)
	d.dumped = true
	next, err := d.k.await(PostDump)
	if err != nil {
		return fmt.Errorf("%w; its own log says why", err)
	}
	d.waiting = next
	return nil
}
