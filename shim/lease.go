package shim

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/volume"
)

// lease takes, at Create, the right to run a server on each data folder that
// outlives the container. A folder that the database is yet to make is leased
// before its first checkpoint.
func (t *task) lease(ctx context.Context) error {
	folders := engine.DataFolders(t.c)
	if t.restore != nil {
		folders = append(folders, t.restore.Folders()...)
	}
	err := t.leaseAll(ctx, folders)
	if errors.Is(err, fs.ErrNotExist) && t.restore == nil {
		return nil
	}
	return err
}

// leaseLate takes the leases of folders that were not there at Create, or that
// only the database itself could name. A folder that is still not there ends the
// dump, which may have a better reason to tell: that nobody could be asked.
func (t *task) leaseLate(ctx context.Context, pid int, folders []string) error {
	err := t.leaseAll(ctx, folders)
	if errors.Is(err, volume.ErrMount) && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.holdLeases(pid)
}

func (t *task) leaseAll(ctx context.Context, folders []string) error {
	layout, err := volume.Mounts(t.c.Spec.Mounts, t.c.Rootfs, folders)
	if err != nil {
		return err
	}
	for _, root := range layout.Roots {
		if err := t.leaseRoot(ctx, root); err != nil {
			return err
		}
	}
	return nil
}

// leaseRoot takes the lease of a folder of the host; one in the root file
// system is the container's alone. A rollback that was killed half way is
// finished or undone before any server, restored or not, sees the folder.
func (t *task) leaseRoot(ctx context.Context, root volume.Root) error {
	if root.Source == "" || t.leased(root.Source) {
		return nil
	}
	if root.Kind == volume.Bind {
		if err := t.leaseOne(root.Source); err != nil {
			return rpccode.Wrap(rpccode.Lives, err)
		}
	}
	if t.runs() {
		return nil // the server runs: nothing was put back
	}
	_, err := volume.Recover(ctx, root.Source)
	return err
}

func (t *task) runs() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.record.Pid != 0
}

func (t *task) leased(dir string) bool {
	return slices.ContainsFunc(t.leases, func(l lease) bool { return l.dir == dir })
}

func (t *task) leaseOne(dir string) error {
	l, err := volume.AcquireLease(state.Leases(t.c.Paths.StateDir), dir, volume.Holder{Container: t.c.ID, Namespace: t.c.Namespace})
	if err != nil {
		return err
	}
	release := sync.OnceValue(l.Release)
	t.undo.Push("the lease of "+dir, func(context.Context) error { return release() })
	t.leases = append(t.leases, lease{l, dir, release})
	return nil
}

// lease is released once, by whoever comes first: the end of the process or
// of the task.
type lease struct {
	*volume.Lease
	dir     string
	release func() error
}

// holdLeases names the init process in the leases.
func (t *task) holdLeases(pid int) error {
	var errs []error
	for _, l := range t.leases {
		errs = append(errs, l.Record(pid))
	}
	return errors.Join(errs...)
}
