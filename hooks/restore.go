package hooks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/volume"
)

// restoring is one restore under way.
type restoring struct {
	*keeper
	*engine.Restore
	rt     *held
	leases []*volume.Lease
	undo   cleanup.Stack
}

// restore judges a checkpoint before CRIU makes anything of it, its volumes
// before anything runs, and the database before a client gets in.
func (k *keeper) restore(ctx context.Context, first *call) error {
	r, err := k.newRestore(first.Dir)
	if err != nil {
		return err
	}
	if err := r.Open(ctx); err != nil {
		return err
	}
	if err := k.anew(); err != nil {
		return err
	}
	first.answer(nil)
	for _, s := range []struct {
		at Stage
		do func(context.Context, *call) error
	}{{SetupNamespaces, r.prepare}, {PostResume, r.settle}} {
		c, err := k.await(s.at)
		if err == nil {
			err = s.do(ctx, c)
		}
		if err != nil {
			err = errors.Join(err, r.undo.Run(ctx, undoTime))
		}
		if c != nil {
			c.answer(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) newRestore(dir string) (*restoring, error) {
	onDrift := k.subj.Settings.OnDrift
	p, ok, err := state.Take(k.subj.Paths.StateDir, k.subj.Namespace, k.subj.ID, time.Now())
	if err != nil {
		return nil, err
	}
	if ok {
		onDrift = p.OnDrift
	}
	rt := &held{}
	return &restoring{keeper: k, rt: rt,
		Restore: engine.NewRestore(k.subj.Container, rt, k.sessions(), k.host.Config.Agent.UID, dir, onDrift)}, nil
}

// prepare runs when the namespaces are there and nothing of the database is.
func (r *restoring) prepare(ctx context.Context, c *call) error {
	*r.rt = held{pid: c.Init}
	r.undo.Push("the restored processes", r.stop(c.Init))
	if err := r.enter(c.Init); err != nil {
		return err
	}
	if err := r.loopbackUp(); err != nil {
		return err
	}
	if err := r.take(ctx); err != nil {
		return err
	}
	r.undo.Push("the prepared restore", r.Abort)
	if err := r.Prepare(ctx); err != nil {
		return err
	}
	return r.possible()
}

// stop ends what nobody has verified, whoever failed.
func (r *restoring) stop(pid int) cleanup.Undo {
	started, _ := procs.StartTime(pid)
	return func(ctx context.Context) error {
		if now, err := procs.StartTime(pid); err != nil || now != started {
			return nil //nolint:nilerr // it is gone
		}
		return r.rt.Stop(ctx)
	}
}

// loopbackUp: the runtime restores lo down into a namespace of its own, and
// loopback sockets then fail.
func (r *restoring) loopbackUp() error {
	if r.subj.Network.Mode != engine.NetworkRuntime {
		return nil
	}
	return netns.Do(r.subj.Network.Path, netns.LoopbackUp)
}

// take takes the leases, and ends what a killed restore left half done.
func (r *restoring) take(ctx context.Context) (err error) {
	r.undo.Push("the leases", func(context.Context) error { return release(r.leases) })
	l := r.keeper.leases(ctx, append(engine.DataFolders(r.subj.Container), r.Folders()...))
	if r.leases, err = l.acquire(volume.Holder{Container: r.subj.ID, Namespace: r.subj.Namespace}); err != nil {
		return err
	}
	layout, err := volume.Mounts(r.subj.Spec.Mounts, r.subj.Rootfs, r.Folders())
	if err != nil {
		return err
	}
	for _, root := range layout.Roots {
		if _, err := volume.Recover(ctx, root.Source); root.Source != "" && err != nil {
			return err
		}
	}
	return nil
}

// possible refuses what only the shim can do.
func (r *restoring) possible() error {
	switch {
	case r.Cold():
		return rpccode.Wrap(rpccode.Drift, errors.New("a volume was written since the checkpoint, and lull/on-drift=cold leaves the memory out: "+
			"start the container without the checkpoint"))
	case r.Apart():
		return rpccode.Wrap(rpccode.Lineage, errors.New("lull's hooks cannot isolate a container (lull/lineage=isolate); restore it by an engine with lull's shim"))
	}
	return nil
}

// settle verifies the running database, and ends one that is not what was
// recorded. CRIU takes no notice of a failure here; it is not ended for it,
// because it would leave its mounts behind.
func (r *restoring) settle(ctx context.Context, c *call) error {
	if err := r.Verify(ctx); err != nil {
		return errors.Join(err, r.rt.Stop(ctx))
	}
	r.undo.Keep()
	errs := []error{r.Commit(ctx)}
	for _, l := range r.leases {
		errs = append(errs, l.Record(c.Init), ours(l.Release()))
	}
	return r.remark(errs)
}

// remark: what fails when the database is served already costs nothing but
// order.
func (r *restoring) remark(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 0 {
		return nil
	}
	_, _ = fmt.Fprintf(os.Stdout, "lull: %s runs, but: %s\n", r.subj.ID, oneLine(errors.Join(errs...))) // there is nobody else to tell
	return nil
}
