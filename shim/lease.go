package shim

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/volume"
)

// lease takes the right to run a server on each data folder that outlives the
// container. A folder in the root file system is the container's alone.
func (t *task) lease(ctx context.Context) error {
	layout, err := volume.Mounts(t.c.Spec.Mounts, t.c.Rootfs, engine.DataFolders(t.c))
	if errors.Is(err, fs.ErrNotExist) && t.restore == nil {
		t.c.Warnings = append(t.c.Warnings, "no lease: "+err.Error())
		return nil // the database is yet to make the folder
	}
	if err != nil {
		return err
	}
	for _, root := range layout.Roots {
		if root.Kind != volume.Bind {
			continue
		}
		if err := t.leaseOne(root.Source); err != nil {
			return rpccode.Wrap(rpccode.Lives, err)
		}
		// A rollback that was killed half way is finished or undone before
		// any server, restored or not, sees the folder.
		if _, err := volume.Recover(ctx, root.Source); err != nil {
			return err
		}
	}
	return nil
}

func (t *task) leaseOne(dir string) error {
	l, err := volume.AcquireLease(leaseDir(t.c.Paths.StateDir), dir, volume.Holder{Container: t.c.ID, Namespace: t.c.Namespace})
	if err != nil {
		return err
	}
	release := sync.OnceValue(l.Release)
	t.undo.Push("the lease of "+dir, func(context.Context) error { return release() })
	t.leases = append(t.leases, lease{l, release})
	return nil
}

func leaseDir(stateDir string) string { return filepath.Join(stateDir, "leases") }

// lease is released once, by whoever comes first: the end of the process or
// of the task.
type lease struct {
	*volume.Lease
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
