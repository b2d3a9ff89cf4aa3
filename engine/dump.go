package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// Request is what the client wants dumped.
type Request struct {
	Dir  string // folder for CRIU's images
	Work string // CRIU's work folder, where it leaves its statistics
	Exit bool   // checkpoint and stop
	// Resume lets the container run again, once all that must be read of it is
	// read: digests are then made while it runs. Nil: whoever froze it resumes
	// it later. A checkpoint that stops the container has no use for it.
	Resume func(context.Context) error
	// Still says, after the dump, whether the processes stand still; nil: the
	// freezer says so.
	Still func() error
}

// Dump captures the volumes, dumps the frozen container into the folder and
// seals the manifest there. An error leaves nothing that could be restored,
// and the container frozen, unless it was resumed as the request has it.
func (k *Cut) Dump(ctx context.Context, by Dumper, r Request) (*manifest.Manifest, error) {
	d := &dump{Cut: k, id: manifest.NewID(), by: by, req: r}
	if r.Exit {
		d.req.Resume = nil
	}
	d.takeOver()
	stoppable, done := k.stoppable(ctx)
	defer done()
	if err := k.rec.run(stoppable, k.unpoisoned(d.steps())); err != nil {
		if poisoned := k.check(); poisoned != nil {
			err = poisoned // what it made fail is of no interest
		}
		return nil, errors.Join(err, d.undo.Run(ctx, undoTime))
	}
	if err := d.draft.Keep(); err != nil {
		k.warn(err.Error()) // the lock goes with this process
	}
	return d.manifest, nil
}

func (d *dump) steps() []step { return append(d.frozenSteps(), d.sealSteps()...) }

func (d *dump) frozenSteps() []step {
	steps := []step{
		{"require", d.require},
		{"room", d.room},
		{"configure", d.configure},
		{"shared memory", d.saveShared},
		{"sync", d.sync},
		{"capture", d.capture},
		{"publish", d.publish}, // before the dump, which may stop the container for good
		{"dump", d.dump},
		{"pending", d.pending},
	}
	if d.req.Resume != nil {
		steps = append(steps, step{"resume", d.resume})
	}
	return steps
}

// sealSteps need nothing of the container.
func (d *dump) sealSteps() []step { return []step{{"describe", d.describe}, {"seal", d.seal}} }

// undoTime bounds each undo.
const undoTime = 30 * time.Second

// require refuses, in words, what is below the level that was asked for.
func (d *dump) require(context.Context) error {
	if d.obstacle != nil {
		return rpccode.Wrap(rpccode.Preflight, d.obstacle)
	}
	want := manifest.Level(d.c.Settings.Require)
	if d.level.Rank() >= want.Rank() {
		return rpccode.Wrap(rpccode.Preflight, d.unsaved)
	}
	return rpccode.Wrap(codeOf(d.reason), d.below(want))
}

func (d *dump) below(want manifest.Level) error {
	err := fmt.Errorf("the checkpoint would be %s and %s is required (lull/require)", d.level, want)
	switch {
	case d.reason != nil:
		return fmt.Errorf("%w: %w", err, d.reason)
	case d.fenced:
		return fmt.Errorf("%w: %d write transactions were in flight; raise lull/drain-timeout or set lull/in-flight=terminate", err, d.tx.InFlight)
	}
	return fmt.Errorf("%w; set lull/mode=fence", err)
}

// codeOf tells a database's own refusal from everything else that keeps the
// level down.
func codeOf(reason error) rpccode.Code {
	for _, class := range []error{quiesce.ErrNotReady, quiesce.ErrAuth, quiesce.ErrPrivilege, quiesce.ErrBusy} {
		if errors.Is(reason, class) {
			return rpccode.Database
		}
	}
	return rpccode.Level
}

func (d *dump) configure(context.Context) error {
	if err := d.place(target{d.id, d.req.Dir}); err != nil {
		return err
	}
	return criu.Config{Connections: d.c.Settings.Connections}.Write(d.c.Paths.CRIUConf)
}

// dump runs CRIU. A capture counts only if the kernel said frozen before and
// says so after: a checkpoint that stops the container has ended it. A CRIU
// under way is never stopped: the processes would run on with its code in them.
func (d *dump) dump(ctx context.Context) error {
	if err := errors.Join(d.stillFrozen(), d.unanswered()); err != nil {
		return err
	}
	d.host = hostOf(d.pid, d.c) // a dump may end the process that has the label
	if err := d.by.Dump(context.WithoutCancel(ctx)); err != nil {
		return rpccode.Wrap(rpccode.Dump, criu.Explain(err, filepath.Join(d.req.Work, criu.DumpLog)))
	}
	if stats, err := criu.ReadDumpStats(d.req.Work); err == nil { // for people only
		d.rec.remark = stats.String()
		d.keepStats()
	}
	return d.stoodStill()
}

// stoodStill asks after the dump. One that stops the container has ended it,
// unless CRIU is yet to do so and says how it holds it.
func (d *dump) stoodStill() error {
	switch {
	case d.req.Still != nil:
		return errors.Join(d.req.Still(), d.unanswered())
	case d.req.Exit:
		return nil
	}
	return errors.Join(d.stillFrozen(), d.unanswered())
}

// keepStats puts CRIU's statistics beside its images, where other tools look.
func (d *dump) keepStats() {
	raw, err := os.ReadFile(filepath.Join(d.req.Work, criu.StatsFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(d.req.Dir, criu.StatsFile), raw, 0o600)
	}
	if err != nil {
		d.warn("CRIU's statistics: " + err.Error())
	}
}

// stillFrozen asks the kernel: somebody may have thawed the cgroup.
func (d *dump) stillFrozen() error {
	frozen, err := d.freezer.Frozen()
	if err == nil && !frozen {
		err = errors.New("the container ran again before the checkpoint was whole")
	}
	return err
}

// pending says whose these images are. It knows no digest yet, so that nobody
// restores it.
func (d *dump) pending(context.Context) error {
	d.manifest = d.assemble()
	return manifest.Write(d.req.Dir, d.manifest)
}

// resume is not for Poison to stop half-way.
func (d *dump) resume(ctx context.Context) error { return d.req.Resume(context.WithoutCancel(ctx)) }

func (d *dump) seal(ctx context.Context) error {
	d.manifest.FrozenMillis, d.manifest.Steps = d.stoodFor(), d.rec.steps
	return manifest.Seal(ctx, d.req.Dir, d.manifest)
}
