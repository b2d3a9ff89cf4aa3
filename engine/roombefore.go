package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// Room refuses a checkpoint that there is no room for while nothing has been
// touched yet: CRIU's images, which go into the folder images, their copy in
// containerd's content where the client packs them, and the captures, all that
// goes onto one file system summed up. It comes before Quiesce, where it is
// known that a checkpoint is to follow; what cannot be looked at is no reason to
// refuse one.
func (k *Cut) Room(ctx context.Context, images string) error {
	err := k.rec.run(ctx, []step{{"find", k.locate}, k.roomStep(images)})
	if err != nil && !noRoom(err) {
		k.warn(err.Error())
		return nil
	}
	return refusal(err)
}

// refusal has the code of a preflight where room is what is missing.
func refusal(err error) error {
	if noRoom(err) {
		return rpccode.Wrap(rpccode.Preflight, err)
	}
	return err
}

func noRoom(err error) bool {
	return errors.Is(err, volume.ErrTooLarge) || errors.Is(err, volume.ErrRoom)
}

func (k *Cut) roomStep(images string) step {
	return step{"room for all", func(ctx context.Context) error {
		all, err := k.demands(ctx, images)
		if err != nil {
			return err
		}
		return all.fit()
	}}
}

// demand is what is going to be written at a path.
type demand struct {
	at    string
	bytes int64
}

type demands []demand

// demands of the memory and of all volumes.
func (k *Cut) demands(ctx context.Context, images string) (demands, error) {
	pids, err := processes(k.freezer, k.pid)
	if err != nil {
		return nil, err
	}
	all := k.memory(images, imageSize(pids))
	if k.c.Settings.Volumes == "fingerprint" {
		return all, nil
	}
	layout, err := volume.Mounts(k.c.Spec.Mounts, k.c.Rootfs, k.Folders())
	if err != nil {
		return nil, err
	}
	roots := captured(layout.Roots)
	store := captures.Store{Dir: k.c.Paths.Store}
	for _, r := range roots {
		at, err := store.For(r.Source, sources(roots))
		if err != nil {
			return nil, err
		}
		n, err := volume.Needs(ctx, r.Source, at, k.c.Settings.MaxCopy)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Destination, err)
		}
		all = append(all, demand{at, n})
	}
	return all, nil
}

// memory is what CRIU writes into the folder images, size bytes, and the client
// packs.
func (k *Cut) memory(images string, size int64) demands {
	all := demands{{images, size}}
	if at := k.packedAt(images); at != "" {
		all = append(all, demand{at, size})
	}
	return all
}

// packedAt is where the client packs CRIU's images; empty: it does not, or that
// cannot be told.
func (k *Cut) packedAt(images string) string {
	if !strings.HasPrefix(filepath.Base(images), "ctrd-checkpoint") {
		return "" // the client named the folder
	}
	return packedIn(k.c.Rootfs)
}

// fit compares the sum of what goes onto each file system with what is free.
func (all demands) fit() error {
	for _, d := range all {
		var sum int64
		for _, other := range all {
			if same, err := volume.SameFileSystem(d.at, other.at); err == nil && same {
				sum += other.bytes
			}
		}
		free, err := volume.Free(d.at)
		if err != nil {
			return err
		}
		if sum > free {
			return fmt.Errorf("%w: what is to be written needs about %d bytes in %s, %d are free; make room there, or name another store",
				volume.ErrRoom, sum, d.at, free)
		}
	}
	return nil
}
