package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// The modes of lull/mode.
const (
	modeFlush = "flush"
	modeFence = "fence"
	modeNone  = "none"
)

// fenceHold is the server-side timeout of a fence: it lets go by itself after
// this long even if nobody closes its session.
const fenceHold = 30 * time.Second

// impossible notes what makes a dump impossible. Nothing is asked of the
// database then.
func (k *Cut) impossible(err error) { k.obstacle = errors.Join(k.obstacle, err) }

// Quiesce brings the database as close to clean as the mode asks and ctx
// allows. It returns no error: what failed is Reason, and the level is then
// crash-consistent, however far it came: a flush that nobody witnessed proves
// nothing. Only the session's own locks are held afterwards.
func (k *Cut) Quiesce(ctx context.Context) {
	k.until, _ = ctx.Deadline()
	ask := k.obstacle == nil && k.mode() != modeNone
	if ask { // a process starts meanwhile
		k.opening = k.sessions.Begin()
		defer k.opening.Drop()
	}
	if k.reason = k.rec.run(ctx, k.findSteps()); k.reason == nil && k.obstacle == nil && ask {
		k.calm(ctx)
	}
	k.unasked()
}

// calm talks to the database.
func (k *Cut) calm(ctx context.Context) {
	if k.reason = k.rec.run(ctx, k.quiesceSteps()); k.reason != nil {
		k.fenced, k.held = false, nil
		k.reason = errors.Join(k.reason, k.release(ctx))
		k.hangUp()
		return
	}
	k.level, k.reason = manifest.Flushed, k.unfenced
}

func (k *Cut) findSteps() []step {
	return []step{{"locate", k.locate}, {"process tree", k.processTree}, {"operator", k.operator}}
}

func (k *Cut) quiesceSteps() []step {
	steps := []step{
		{"connect", k.connect},
		{"preflight", k.preflight},
		{"plan", k.plan},
		{"flush", k.flush},
		{"drain", k.drain},
	}
	if k.mode() == modeFence {
		steps = append(steps, step{"fence", k.fence}, step{"flush again", k.flushFenced})
	}
	return append(steps, step{"evidence", k.evidence}, step{"validate", k.validate}, step{"native AIO", k.idleAIO}, step{"prove", k.prove})
}

// mode is the label's, or the engine's default: flush, because the freeze is
// the consistency point and a fence must earn its cost; fence where it is
// short and dies by itself.
func (k *Cut) mode() string {
	if m := k.c.Settings.Mode; m != "" {
		return m
	}
	switch k.c.Found.Engine {
	case quiesce.MySQL, quiesce.MariaDB, quiesce.Redis, quiesce.Valkey:
		return modeFence
	}
	return modeFlush
}

// processTree looks for what CRIU cannot dump. It is no reason not to freeze.
func (k *Cut) processTree(context.Context) error {
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return err
	}
	for _, f := range criu.Preflight(pids) {
		k.rings = k.rings || f.Check == criu.NativeAIO
		switch f.Severity {
		case criu.Fail:
			k.obstacle = errors.Join(k.obstacle, fmt.Errorf("%s; %s", f.What, f.Remedy))
		case criu.Warn:
			k.warn(f.What)
		}
	}
	return nil
}

func (k *Cut) connect(ctx context.Context) error {
	target, err := k.target(nil)
	if err != nil {
		return err
	}
	k.session, err = k.opening.Open(ctx, target)
	return err
}

func (k *Cut) preflight(ctx context.Context) error {
	report, err := k.session.Preflight(ctx)
	k.db.Version, k.db.Role = report.Version, report.Role
	k.warnings = append(k.warnings, report.Warnings...)
	return err
}

func (k *Cut) flush(ctx context.Context) error {
	if err := k.session.Flush(ctx); err != nil || k.mode() == modeFence && !k.fenced {
		return err // there is another one to come
	}
	return k.strikeFlushed()
}

func (k *Cut) drain(ctx context.Context) (err error) {
	policy := quiesce.Policy(k.c.Settings.InFlight)
	k.tx, err = k.session.Drain(ctx, k.c.Settings.DrainTimeout, policy)
	return err
}

// fence tries within half of the time that is left. Without it the level is
// flushed and the reason kept, so that a database which is never without a
// writer can still be checkpointed; an agent that is gone ends the quiesce. Its
// plan is released at once, by the session that knows that it holds nothing:
// whoever went by the journal later might take away what somebody else has
// locked meanwhile. What lull/quiesce-exec did lasts until the thaw.
func (k *Cut) fence(ctx context.Context) error {
	within, cancel := half(ctx)
	defer cancel()
	held, err := k.session.Fence(within, fenceHold)
	if errors.Is(err, quiesce.ErrAgent) {
		return err
	}
	if err != nil {
		k.unfenced = fmt.Errorf("there is no fence: %w", err)
		return k.releaseUnfenced(ctx)
	}
	k.held, k.fenced = held, true
	return nil
}

func (k *Cut) releaseUnfenced(ctx context.Context) error {
	ctx, cancel := k.releasing(ctx)
	defer cancel()
	return k.releaseDatabase(ctx)
}

func half(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// flushFenced writes out what came between the flush and the fence.
func (k *Cut) flushFenced(ctx context.Context) error {
	if !k.fenced {
		return nil
	}
	return k.flush(ctx)
}

func (k *Cut) evidence(ctx context.Context) error {
	db, err := k.session.Evidence(ctx)
	if err != nil {
		return err
	}
	db.Engine, db.DetectedBy = k.db.Engine, k.db.DetectedBy
	k.db = db
	if k.tx.InFlight, err = k.session.InFlight(ctx); err != nil {
		return err
	}
	return nil
}

// prove asks whether the fence still stands, and then counts again what is in
// flight, the last thing before the freeze: not every write waits for a fence's
// locks.
func (k *Cut) prove(ctx context.Context) error {
	err := k.stands(ctx)
	if err != nil || !k.fenced {
		return err
	}
	k.tx.InFlight, err = k.session.InFlight(ctx)
	return err
}

// stands asks whether the fence does, which also keeps it. One that fell costs
// itself alone, since what was flushed is flushed.
func (k *Cut) stands(ctx context.Context) error {
	if !k.fenced {
		return nil
	}
	asked := time.Now()
	err := k.session.Ping(ctx)
	if errors.Is(err, quiesce.ErrFence) && !errors.Is(err, quiesce.ErrAgent) {
		k.fell(err)
		return k.releaseUnfenced(ctx)
	}
	if err == nil {
		k.proof = asked
	}
	return err
}

// fell is the end of a fence before the freeze.
func (k *Cut) fell(why error) {
	k.fenced, k.held = false, nil
	k.unfenced = fmt.Errorf("the fence did not stand until the freeze: %w", why)
}
