package store

import (
	"context"
	"errors"
	"fmt"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/manifest"
)

// Kept is one checkpoint image of a containerd.
type Kept struct {
	Namespace  string
	Image      images.Image
	Checkpoint *Checkpoint
	Manifest   *manifest.Manifest // nil: none, or it cannot be read
	// Problem is why it would not be restored; nil for a usable one, and for
	// one without a manifest, whose container is no database.
	Problem error
}

// ID of the checkpoint; empty when nobody can tell.
func (k Kept) ID() string {
	if k.Manifest == nil {
		return ""
	}
	return k.Manifest.ID
}

// Unknown says that its captures cannot be told from others'.
func (k Kept) Unknown() bool { return k.Manifest == nil && k.Problem != nil }

// Catalogue lists the checkpoint images in these namespaces; none means all.
func Catalogue(ctx context.Context, client *containerd.Client, among ...string) ([]Kept, error) {
	var err error
	if len(among) == 0 {
		if among, err = client.NamespaceService().List(ctx); err != nil {
			return nil, fmt.Errorf("namespaces: %w", err)
		}
	}
	var all []Kept
	for _, ns := range among {
		found, err := catalogueOf(namespaces.WithNamespace(ctx, ns), client, ns)
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", ns, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func catalogueOf(ctx context.Context, client *containerd.Client, ns string) ([]Kept, error) {
	list, err := client.ImageService().List(ctx)
	if err != nil {
		return nil, err
	}
	var all []Kept
	for _, img := range list {
		k, ok := look(ctx, client.ContentStore(), img)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if ok {
			k.Namespace = ns
			all = append(all, k)
		}
	}
	return all, nil
}

// look reads one image; ok is false for what is surely no checkpoint.
func look(ctx context.Context, blobs content.Provider, img images.Image) (k Kept, ok bool) {
	k.Image = img
	_, labelled := img.Labels[LabelCheckpoint]
	if !images.IsIndexType(img.Target.MediaType) && !labelled {
		return k, false
	}
	var err error
	k.Checkpoint, err = decode(ctx, blobs, img)
	if errors.Is(err, ErrNoCheckpoint) {
		return k, false
	}
	if err != nil {
		k.Problem = err
		return k, labelled // an index that is no checkpoint's may lack its blobs
	}
	k.Manifest, k.Problem, err = Manifest(ctx, blobs, k.Checkpoint)
	if err != nil && !errors.Is(err, manifest.ErrMissing) {
		k.Problem = err
	}
	return k, true
}

// Look reads one checkpoint image. It fails as Open does when there is none;
// one that cannot be read has a Problem.
func Look(ctx context.Context, client *containerd.Client, ns, ref string) (Kept, error) {
	img, err := client.ImageService().Get(ctx, ref)
	if errdefs.IsNotFound(err) {
		return Kept{}, fmt.Errorf("there is no image %s in namespace %s: %w", ref, ns, errdefs.ErrNotFound)
	}
	if err != nil {
		return Kept{}, err
	}
	k, ok := look(ctx, client.ContentStore(), img)
	if !ok {
		return k, fmt.Errorf("%s: %w", ref, ErrNoCheckpoint)
	}
	k.Namespace = ns
	return k, nil
}
