package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/quiesce"
)

// CRIU silently forgets requests of native AIO that the kernel has not
// answered yet. So a process with rings is dumped only when nothing is under
// way: the server counted none, and from before it counted until after the
// freeze no byte was asked for and no answer came. A moment like that is waited
// for, before the freeze and by freezing again.

// The bounds of freezing again, once the container was frozen: so often, and
// as long as the budget of the pause lasts, but for aioTime at least.
const (
	aioFreezes = 20
	aioTime    = time.Second
)

// aioCall bounds what is done between two freezes. It is no bound for a server
// that is busy, but for one that does not answer: a call that is given up costs
// the agent, and the fence with it.
const aioCall = 10 * time.Second

// aioFirst and aioPause are the least and the most between two looks at a server
// that is busy: with the end of its last write mostly, or for long.
const (
	aioFirst = time.Millisecond
	aioPause = 5 * time.Millisecond
)

const aioRemedy = "innodb_use_native_aio=0 is always safe"

// idleAIO waits for half of the time that is left. That there is no such moment
// is no reason not to freeze. Without rings there is nothing to wait for; some
// that come later are seen after the freeze.
func (k *Cut) idleAIO(ctx context.Context) error {
	if !k.rings {
		return nil
	}
	until := time.Now().Add(aioCall)
	if deadline, ok := ctx.Deadline(); ok {
		until = time.Now().Add(time.Until(deadline) / 2)
	}
	k.idle, k.busy = k.awaitIdle(ctx, until)
	if errors.Is(k.busy, quiesce.ErrAgent) {
		return k.busy
	}
	return nil
}

// awaitIdle asks until the server says that nothing is under way and nothing
// moves while it says so.
func (k *Cut) awaitIdle(ctx context.Context, until time.Time) (*criu.AIO, error) {
	for pause := aioFirst; ; pause = min(2*pause, aioPause) {
		idle, err := k.askIdle(ctx)
		if idle != nil || err != nil {
			return idle, err
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return nil, errors.New("the server was never without a request of native AIO under way")
		}
		time.Sleep(pause)
	}
}

// askIdle gives the rings as they stand when nothing is under way, and nil when
// something is.
func (k *Cut) askIdle(ctx context.Context) (*criu.AIO, error) {
	before, err := k.readAIO()
	if err != nil || before.None() {
		return &before, err
	}
	witness, ok := k.session.(quiesce.IOWitness)
	if !ok {
		return nil, errors.New("nobody can tell whether a request of native AIO is under way")
	}
	n, err := witness.PendingIO(ctx)
	if n > 0 || err != nil {
		return nil, err
	}
	after, err := k.readAIO()
	if err != nil || !after.Taken() || !after.Same(before) {
		return nil, err
	}
	return &after, nil
}

// readAIO lists the processes anew: some may have come since.
func (k *Cut) readAIO() (criu.AIO, error) {
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return criu.AIO{}, err
	}
	return criu.ReadAIO(pids)
}

// settleAIO makes sure, now that the container is frozen, that nothing is under
// way, and freezes it again until it is so. When the bounds are spent the
// container stays frozen, and its dump is refused. An error is the freezer's.
func (k *Cut) settleAIO(ctx context.Context) error {
	end := k.aioEnd(time.Now())
	for n := 1; ; n++ {
		now, err := k.readAIO()
		if err != nil || now.None() {
			k.idle, k.busy = &now, err
			return k.refuseAIO()
		}
		if k.idle != nil && k.idle.Same(now) {
			k.rec.remark = fmt.Sprintf("native AIO: frozen %d times", n)
			return nil
		}
		if k.session == nil || n >= aioFreezes || time.Now().After(end) {
			k.idle = nil
			return k.refuseAIO()
		}
		if err := k.freezeAgain(ctx, end); err != nil {
			return err
		}
	}
}

// aioEnd is when no freeze is tried any more.
func (k *Cut) aioEnd(now time.Time) time.Time {
	least, budget := now.Add(aioTime), k.until
	if budget.IsZero() {
		budget = k.rec.began.Add(k.c.Settings.PauseBudget)
	}
	if budget.After(least) {
		return budget
	}
	return least
}

// freezeAgain lets the container run until nothing is under way. The runtime
// goes on believing that it is paused.
func (k *Cut) freezeAgain(ctx context.Context, end time.Time) error {
	within, cancel := context.WithTimeout(ctx, time.Until(end)+aioCall)
	defer cancel()
	err := k.freezer.Thaw(within)
	if err == nil {
		k.idle, k.busy = k.awaitIdle(within, end)
		k.reprove(within)
		err = k.freezer.Freeze(within)
	}
	if err != nil {
		err = k.freezeAnew(ctx, err)
	}
	if err != nil {
		return err
	}
	k.frozen = time.Now()
	return k.readBack(ctx)
}

// freezeAnew has the runtime do what the cgroup's file did not.
func (k *Cut) freezeAnew(ctx context.Context, why error) error {
	if err := k.thaw(ctx); err != nil {
		return errors.Join(why, err)
	}
	within, cancel := context.WithTimeout(ctx, aioCall)
	defer cancel()
	k.reprove(within)
	if err := k.runtime.Freeze(ctx); err != nil {
		return errors.Join(why, err, k.thaw(ctx))
	}
	return nil
}

// reprove is for a container that has run since the fence was proven. The fence
// alone is lost with the proof.
func (k *Cut) reprove(ctx context.Context) {
	stood := k.fenced
	err := k.prove(ctx)
	if stood && !k.fenced {
		k.reason = errors.Join(k.unfenced, err)
	} else if err != nil {
		k.fell(err)
		k.reason = k.unfenced
	}
}

// refuseAIO is for the dump, behind what kept the level down: a database that
// refused to be asked has the better reason.
func (k *Cut) refuseAIO() error {
	if k.idle != nil && k.busy == nil {
		return nil
	}
	why := k.busy
	if why == nil {
		why = errors.New("requests of native AIO were under way at the freeze")
	}
	k.unsaved = fmt.Errorf("CRIU does not save requests of native AIO: %w; %s", why, aioRemedy)
	return nil
}

// unanswered fails when an answer came since the freeze: it may be missing in
// the image.
func (k *Cut) unanswered() error {
	if k.idle == nil || k.idle.None() {
		return nil
	}
	now, err := k.readAIO()
	if err == nil && !now.SameRings(*k.idle) {
		err = fmt.Errorf("a request of native AIO was under way at the freeze, and may be missing in the image; try again, or %s", aioRemedy)
	}
	return err
}
