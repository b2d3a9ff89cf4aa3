package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/namespaces"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/volume/captures"
)

// Removed is what became of one checkpoint's image and captures.
type Removed struct {
	Namespace string `json:"namespace"`
	Ref       string `json:"ref"`
	ID        string `json:"id,omitempty"`
	Captures  bool   `json:"captures_removed"`
	Bytes     int64  `json:"bytes"`         // of the captures that were removed
	Why       string `json:"why,omitempty"` // the captures stay
}

// ErrHeld says that clones or a pool stand on a checkpoint.
var ErrHeld = captures.ErrHeld

// Remove removes a checkpoint image, and its captures with the last image that
// names them. The image goes first: when that fails nothing else is touched.
// What other images there are is asked afterwards, with the store locked. One
// that clones stand on is ErrHeld, unless force: its captures then go with the
// last of them (Reclaim).
func Remove(ctx context.Context, client *containerd.Client, c Captures, k Kept, force bool) (r Removed, err error) {
	r = Removed{Namespace: k.Namespace, Ref: k.Image.Name, ID: k.ID()}
	release, err := c.Lock(true)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := c.mayGo(k.ID(), force); err != nil {
		return r, fmt.Errorf("image %s: %w", k.Image.Name, err)
	}
	in := namespaces.WithNamespace(ctx, k.Namespace)
	target := k.Image.Target
	if err := client.ImageService().Delete(in, k.Image.Name, images.SynchronousDelete(), images.DeleteTarget(&target)); err != nil {
		return r, fmt.Errorf("image %s: %w", k.Image.Name, err)
	}
	if err := failpoint.Hit("remove.untagged"); err != nil {
		return r, err
	}
	if r.ID == "" {
		if k.Unknown() {
			r.Why = "its manifest could not be read: what it captured is left to `lull prune --orphans`"
		}
		return r, nil
	}
	r.Bytes, r.Why, err = c.release(ctx, client, r.ID)
	r.Captures = err == nil && r.Why == ""
	return r, err
}

// mayGo refuses what is held, or has it go with its last hold.
func (c Captures) mayGo(id string, force bool) error {
	by, err := c.HeldBy(id)
	if err != nil || by == "" {
		return err
	}
	if force {
		return c.Abandon(id)
	}
	return fmt.Errorf("%w by %s", ErrHeld, by)
}

// HeldBy names who stands on a checkpoint's captures; empty when nobody does.
func (c Captures) HeldBy(id string) (string, error) {
	if id == "" {
		return "", nil
	}
	found, err := c.Get(id)
	if errors.Is(err, captures.ErrNotFound) {
		return "", nil
	}
	names := make([]string, 0, len(found.Holds))
	for _, h := range found.Holds {
		names = append(names, h.By)
	}
	return strings.Join(names, ", "), err
}

// Reclaim removes the captures of a checkpoint whose image went before its last
// hold, which is gone now. Of any other, and as long as there is a hold, it does
// nothing.
func (c Captures) Reclaim(ctx context.Context, client *containerd.Client, id string) (err error) {
	release, err := c.Lock(true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	found, err := c.Get(id)
	if errors.Is(err, captures.ErrNotFound) || err == nil && (!found.Abandoned || len(found.Holds) > 0) {
		return nil
	}
	if err != nil {
		return err
	}
	_, _, err = c.release(ctx, client, id)
	return err
}

// release removes a checkpoint's captures unless somebody needs them, or might.
func (c Captures) release(ctx context.Context, client *containerd.Client, id string) (bytes int64, why string, err error) {
	if why, err = c.named(ctx, client, id); err != nil || why != "" {
		return 0, why, err
	}
	if bytes, err = c.Bytes(ctx, id); err != nil {
		return 0, "", err
	}
	err = c.Store.Remove(ctx, id)
	switch {
	case errors.Is(err, captures.ErrNotFound):
		return 0, "", nil
	case errors.Is(err, captures.ErrHeld), errors.Is(err, captures.ErrBusy):
		return 0, err.Error(), nil
	}
	return bytes, "", err
}

// named says which image needs a checkpoint's captures, or may; empty when
// none does.
func (c Captures) named(ctx context.Context, client *containerd.Client, id string) (string, error) {
	all, err := Catalogue(ctx, client)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(all, func(k Kept) bool { return k.ID() == id }); i >= 0 {
		return "image " + all[i].Image.Name + " needs them", nil
	}
	if i := slices.IndexFunc(all, Kept.Unknown); i >= 0 {
		return "image " + all[i].Image.Name + " cannot be read, and may need them", nil
	}
	return "", nil
}
