package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// Remove removes a checkpoint image, and its captures with the last image that
// names them. The image goes first: when that fails nothing else is touched.
// What other images there are is asked afterwards, with the store locked.
func Remove(ctx context.Context, client *containerd.Client, c Captures, k Kept) (r Removed, err error) {
	r = Removed{Namespace: k.Namespace, Ref: k.Image.Name, ID: k.ID()}
	release, err := c.Lock(true)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, release()) }()
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
