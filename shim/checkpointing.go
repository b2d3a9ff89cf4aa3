package shim

import (
	"context"
	"errors"
	"sync"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/log"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// checkpointing is one Checkpoint call. It has the task's turn from before run
// until leave, or until it has resumed the container.
type checkpointing struct {
	*task
	own    bool // the pause is this call's
	ends   bool // the pause ends when the memory is dumped
	passed bool // it has ended, and turn is somebody else's
}

// errThawed: what the client took of the frozen container is of another moment.
var errThawed = errors.New("the container was resumed before its memory was dumped; take the checkpoint again")

// run dumps what is frozen, or all of it.
func (c *checkpointing) run(ctx context.Context, r *taskAPI.CheckpointTaskRequest) error {
	o, err := c.asked(r)
	if err != nil {
		return err
	}
	if o.Exit {
		if err := c.staysDown(); err != nil {
			return err
		}
	}
	i := c.announced(ctx)
	if err := c.freeze(ctx, i, r.Path); err != nil {
		return err
	}
	if c.watched(i) {
		c.arm(ctx)
	}
	return c.dump(ctx, r, o)
}

// watched is false where the watchdog runs already, and where the pause is
// somebody else's: its client will not resume, and nobody's watchdog shall.
func (c *checkpointing) watched(i intent.Intent) bool {
	return c.leash == "" && (c.own || !i.KeepPaused)
}

// freeze sees to it that the container is frozen, and knows who resumes it.
func (c *checkpointing) freeze(ctx context.Context, i intent.Intent, images string) error {
	if i.Resume && (c.cut == nil || c.leash != i.Leash) {
		return errThawed
	}
	c.ends = i.Resume && intent.Held(i.Leash)
	if c.cut != nil {
		return nil
	}
	if err := c.pauseFor(ctx, i, images); err != nil {
		return err
	}
	c.own, c.ends = true, true
	return nil
}

func (c *checkpointing) dump(ctx context.Context, r *taskAPI.CheckpointTaskRequest, o *options.CheckpointOptions) error {
	if err := c.leaseLate(ctx, c.cut.Pid(), c.cut.Folders()); err != nil {
		return err
	}
	uncache := sync.OnceFunc(c.cacheState(ctx)) // the next answer may be another checkpoint's
	defer uncache()
	c.phase(state.Dumping)
	req := engine.Request{Dir: r.Path, Work: o.WorkPath, Exit: o.Exit}
	if c.ends {
		req.Resume = func(ctx context.Context) error { return c.pass(ctx, uncache) }
	}
	m, err := c.cut.Dump(ctx, stock{service: c.inner, id: c.c.ID, dump: r}, req)
	c.set(func(rec *state.Record) { c.dumped(rec, m, err) })
	if err != nil {
		return err
	}
	if o.Exit {
		c.endCut(state.Checkpoint)
	}
	return failpoint.Hit("checkpoint.sealed")
}

// dumped is the record of a dump that has ended, well or not.
func (c *checkpointing) dumped(rec *state.Record, m *manifest.Manifest, err error) {
	if !c.passed {
		rec.Phase = state.Frozen
	}
	if err != nil {
		rec.Error = err.Error()
		return
	}
	rec.Checkpoint, rec.Level = m.ID, string(m.Reached.Level)
}

// pass lets the container run again, and others have their turn, while the
// checkpoint is being sealed.
func (c *checkpointing) pass(ctx context.Context, uncache func()) error {
	err := c.resume(ctx)
	uncache()
	c.passed = true
	c.sealing.Add(1)
	c.turn.Unlock()
	return err
}

// leave resumes what this call froze itself, unless it has, or has ended the
// container.
func (c *checkpointing) leave(ctx context.Context) {
	if c.passed {
		c.sealing.Done()
		return
	}
	defer c.turn.Unlock()
	if !c.own || c.cut == nil {
		return
	}
	if err := c.resume(detached(ctx)); err != nil {
		log.G(ctx).WithError(err).WithField("id", c.c.ID).Error("lull: thaw after a checkpoint")
	}
}
