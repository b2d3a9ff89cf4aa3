package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/volume/captures"
)

// Policy says which checkpoints of one container stay.
type Policy struct {
	Last  int // the newest ones
	Daily int // the newest of each of so many days that have one
}

// Surplus are the checkpoints that a policy lets go, oldest first. Each
// container is judged for itself, containers of one name on several hosts each
// for itself too, and only by what a restore would take: one that cannot be used
// neither counts nor goes.
func (p Policy) Surplus(all []Kept) (surplus []Kept) {
	type owner struct{ namespace, container, host, engine string }
	groups := map[owner][]Kept{}
	for _, k := range all {
		if k.Manifest != nil && k.Problem == nil {
			o := owner{k.Namespace, k.Manifest.Container.ID, k.Manifest.Host.Name, k.Manifest.Database.Engine}
			groups[o] = append(groups[o], k)
		}
	}
	for _, g := range groups {
		surplus = append(surplus, p.surplus(g)...)
	}
	slices.SortFunc(surplus, func(a, b Kept) int {
		return cmp.Or(a.Manifest.Created.Compare(b.Manifest.Created), cmp.Compare(a.Image.Name, b.Image.Name))
	})
	return surplus
}

func (p Policy) surplus(group []Kept) (out []Kept) {
	slices.SortFunc(group, func(a, b Kept) int { // newest first
		return cmp.Or(b.Manifest.Created.Compare(a.Manifest.Created), cmp.Compare(a.Manifest.ID, b.Manifest.ID))
	})
	ids, days := map[string]bool{}, map[string]bool{}
	kept := map[string]bool{}
	for _, k := range group {
		day := k.Manifest.Created.Local().Format(time.DateOnly)
		first := !ids[k.ID()] // several names of one checkpoint count once
		ids[k.ID()] = true
		if first && (len(ids) <= p.Last || len(days) < p.Daily && !days[day]) {
			kept[k.ID()] = true
		}
		days[day] = true
		if !kept[k.ID()] {
			out = append(out, k)
		}
	}
	return out
}

// Orphan is a checkpoint that the store has something of and no image names.
type Orphan struct {
	ID    string    `json:"id"`
	Made  time.Time `json:"made"`
	Bytes int64     `json:"bytes"`
}

// Named gives the ids of checkpoints that are kept elsewhere than in images.
type Named func() (map[string]bool, error)

// Orphans lists what neither an image in any namespace nor others name and what
// has not changed since before: a client died before it made an image, or it
// made a folder of CRIU images somewhere that others does not know. There are
// none while one of those cannot be read, because it may need them.
func (c Captures) Orphans(ctx context.Context, client *containerd.Client, others Named, before time.Time) ([]Orphan, error) {
	stored, err := c.List(ctx) // before the images: one that comes meanwhile is none
	if err != nil {
		return nil, err
	}
	images, err := Catalogue(ctx, client)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(images, Kept.Unknown); i >= 0 {
		return nil, fmt.Errorf("image %s cannot be read, and may need what looks like an orphan: %w", images[i].Image.Name, images[i].Problem)
	}
	elsewhere, err := others()
	if err != nil {
		return nil, err
	}
	var orphans []Orphan
	for _, s := range stored {
		named := elsewhere[s.ID] || slices.ContainsFunc(images, func(k Kept) bool { return k.ID() == s.ID })
		if named || s.Busy || len(s.Holds) > 0 || !s.Made.Before(before) {
			continue
		}
		bytes, err := c.Bytes(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		if len(s.Captures) > 0 || bytes > 0 { // else there is but the mark of a poisoned one
			orphans = append(orphans, Orphan{ID: s.ID, Made: s.Made, Bytes: bytes})
		}
	}
	return orphans, nil
}

// RemoveOrphans removes those that still are orphans, with the store locked. A
// mark that one is poisoned stays: its image may be anywhere.
func (c Captures) RemoveOrphans(ctx context.Context, client *containerd.Client, others Named, before time.Time) (gone []Orphan, err error) {
	release, err := c.Lock(true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	orphans, err := c.Orphans(ctx, client, others, before)
	if err != nil {
		return nil, err
	}
	for _, o := range orphans {
		err := c.Store.Remove(ctx, o.ID)
		if errors.Is(err, captures.ErrHeld) || errors.Is(err, captures.ErrBusy) || errors.Is(err, captures.ErrNotFound) {
			continue
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, o)
	}
	return gone, nil
}
