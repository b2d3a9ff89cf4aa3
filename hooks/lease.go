package hooks

import (
	"context"
	"errors"
	"io/fs"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/volume"
)

// leases are the rights to run a server on the container's data folders. Nobody
// of lull's lives as long as the server, so the record of its process is what
// keeps others out.
type leases struct {
	ctx     context.Context
	k       *keeper
	folders []string
}

func (k *keeper) leases(ctx context.Context, folders []string) leases {
	return leases{ctx, k, folders}
}

func (l leases) dir() string { return state.Leases(l.k.subj.Paths.StateDir) }

// take records the running server at each folder.
func (l leases) take(pid int) error {
	held, err := l.acquire(volume.Holder{Container: l.k.subj.ID, Namespace: l.k.subj.Namespace, PID: pid})
	var errs []error
	for _, one := range held {
		errs = append(errs, one.Record(pid), ours(one.Release()))
	}
	return errors.Join(append(errs, err)...)
}

// ours: a lease whose server lives is let go of by the kernel alone, and its
// record stays; that is what is wanted.
func ours(err error) error {
	if errors.Is(err, volume.ErrLeased) {
		return nil
	}
	return err
}

// acquire takes all or none.
func (l leases) acquire(h volume.Holder) (held []*volume.Lease, err error) {
	layout, err := volume.Mounts(l.k.subj.Spec.Mounts, l.k.subj.Rootfs, l.folders)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, release(held))
			held = nil
		}
	}()
	for _, root := range layout.Roots {
		if root.Source == "" || root.Kind != volume.Bind {
			continue
		}
		one, err := volume.AcquireLease(l.dir(), root.Source, h)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return held, rpccode.Wrap(rpccode.Lives, err)
		}
		held = append(held, one)
	}
	return held, nil
}

func release(held []*volume.Lease) error {
	var errs []error
	for _, one := range held {
		errs = append(errs, one.Release())
	}
	return errors.Join(errs...)
}
