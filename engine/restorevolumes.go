package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// The answers to a volume that was written since the checkpoint.
const (
	driftRefuse   = "refuse"
	driftRollback = "rollback"
	driftCold     = "cold"
)

// place is one recorded volume and where it is now.
type place struct {
	was  manifest.Volume
	now  string // folder on this host
	list *volume.List
}

// volumes compares every volume with its list, and puts back what differs if
// that is allowed.
func (r *Restore) volumes(ctx context.Context) error {
	places, err := r.places()
	if err != nil {
		return err
	}
	changed, drift, err := r.compareAll(ctx, places)
	if err != nil || len(changed) == 0 {
		return err
	}
	switch r.onDrift {
	case driftRollback:
		if err := r.goBack(changed); err != nil {
			return err
		}
		return r.putBack(ctx, changed)
	case driftCold:
		r.cold = true
		return nil
	}
	return rpccode.Wrap(rpccode.Drift, drift)
}

// places finds the recorded folders of the container in the present one.
func (r *Restore) places() ([]place, error) {
	var all []place
	for _, v := range r.manifest.Volumes {
		layout, err := volume.Mounts(r.c.Spec.Mounts, r.c.Rootfs, []string{v.Destination})
		if err != nil {
			return nil, err
		}
		if len(layout.Roots) == 0 {
			return nil, rpccode.Wrap(rpccode.Drift, fmt.Errorf("%s has no folder in this container; give it the mounts of the original", v.Destination))
		}
		list, err := volume.ReadFile(filepath.Join(r.dir, v.Fingerprint.List))
		if err != nil {
			return nil, err
		}
		all = append(all, place{was: v, now: layout.Roots[0].Source, list: list})
	}
	return all, nil
}

// compareAll gives the places that differ, and an error that names the first
// and the ways out.
func (r *Restore) compareAll(ctx context.Context, places []place) (changed []place, why, err error) {
	for _, p := range places {
		drift, err := volume.CompareKnown(ctx, p.now, p.list, r.knownVolume(ctx, p))
		if err != nil {
			return nil, nil, err
		}
		if !drift.Any() {
			continue
		}
		changed = append(changed, p)
		if why == nil {
			why = Written(p.was, p.now, drift, r.c.ID)
		}
	}
	return changed, why, nil
}

// Written says that a volume, which is the folder now, was written since the
// checkpoint, and what to do; container is its name for `lull allow-rollback`.
func Written(v manifest.Volume, now string, d volume.Drift, container string) error {
	ways := "this checkpoint captured no copy to roll back to: start the container without it"
	if v.Capture != nil {
		ways = "lull allow-rollback " + container + ", or lull/on-drift=rollback, brings the volume back to the checkpoint; lull/on-drift=cold starts the database on the volume as it is"
	}
	return fmt.Errorf("volume %s (%s) was written since the checkpoint: %s; %s", v.Destination, now, d, ways)
}

// putBack brings all changed places back to their captures, or none.
func (r *Restore) putBack(ctx context.Context, changed []place) (err error) {
	var pairs []volume.Pair
	for _, p := range changed {
		if p.was.Capture == nil {
			return rpccode.Wrap(rpccode.Drift, fmt.Errorf("volume %s was written since the checkpoint, and the checkpoint captured no copy to roll back to", p.was.Destination))
		}
		pairs = append(pairs, volume.Pair{Capture: r.capture(p.was), Dst: p.now, List: p.list})
	}
	r.undo.Push("the rollback of the volumes", func(ctx context.Context) error {
		if r.rollback == nil {
			return nil
		}
		return r.rollback.Undo(ctx)
	})
	r.rollback, err = volume.PutBack(ctx, pairs, volume.PutBackOptions{Step: hitPutBack,
		Records: captures.Store{Dir: r.c.Paths.Store}.AsideRecords()})
	if errors.Is(err, volume.ErrCapture) {
		return rpccode.Wrap(rpccode.Altered, err)
	}
	return err
}

// capture is where this host has a capture: in its own store, whatever the
// manifest of a checkpoint that came from elsewhere says.
func (r *Restore) capture(v manifest.Volume) string {
	in := captures.Store{Dir: r.c.Paths.Store}
	if found, err := in.Get(r.manifest.ID); err == nil {
		for _, c := range found.Captures {
			if c.Name == v.Name {
				return c.Path
			}
		}
	}
	return filepath.Join(in.Folder(r.manifest.ID), v.Name) // there is none: the error says where
}
