package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
)

// ErrBase says that the image which the container was made from is not here.
var ErrBase = errors.New("the checkpoint's base image is not here")

// adopting makes a checkpoint image of an archive of the CRI's.
type adopting struct {
	pulling
	archive *criArchive
	id      string // of the container
	base    ocispec.Descriptor
}

// Adopt brings a checkpoint from an archive of the kubelet's or crictl's: its
// memory, layer and OCI spec. The base image has to be here already; captures
// come with no such archive.
func Adopt(ctx context.Context, client *containerd.Client, c store.Captures, from *CRI, o PullOptions) (done Pulled, err error) {
	a := &adopting{archive: from.archive}
	a.pulling = pulling{client: client, captures: c, opts: o, done: Pulled{From: from.name}}
	if err := a.find(ctx); err != nil {
		return a.done, err
	}
	if err := a.hold(ctx); err != nil {
		return a.done, err
	}
	defer func() { err = errors.Join(err, a.letGo(context.WithoutCancel(ctx))) }()
	leased := a.leased(ctx)
	for _, step := range []func(context.Context) error{a.index, a.examine, a.name} {
		if err := step(leased); err != nil {
			return a.done, err
		}
	}
	return a.done, nil
}

// find reads what the archive says of its container, and looks for the base
// image.
func (a *adopting) find(ctx context.Context) error {
	about, err := a.archive.about()
	if err != nil {
		return err
	}
	a.id, a.done.Ref = about.ID, a.opts.Ref
	if a.done.Ref == "" {
		a.done.Ref = fmt.Sprintf("%s:%s", about.Name, about.Checkpointed.UTC().Format("20060102-150405"))
	}
	if !artifact.ValidName(a.done.Ref) {
		return fmt.Errorf("%w: no image can be called %.80q; name one", artifact.ErrFormat, a.done.Ref)
	}
	image, err := a.client.ImageService().Get(ctx, about.RootfsImageName)
	if errdefs.IsNotFound(err) {
		return fmt.Errorf("%w: pull %.200q first", ErrBase, about.RootfsImageName)
	}
	a.image.Name, a.base = about.RootfsImageName, image.Target
	return err
}

// index stores the parts and the index that names them.
func (a *adopting) index(ctx context.Context) error {
	blobs := a.client.ContentStore()
	memory, err := a.archive.memory(ctx, blobs)
	if err != nil {
		return err
	}
	spec, err := a.archive.spec(ctx, blobs, a.id)
	if err != nil {
		return err
	}
	whole := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{memory, spec, a.base},
		Annotations: map[string]string{store.AnnotationImage: a.image.Name, store.AnnotationRuntime: "io.containerd.runc.v2",
			store.AnnotationSnapshotter: "overlayfs"}}
	layer, ok, err := a.archive.layer(ctx, blobs)
	if err != nil {
		return err
	}
	if ok {
		whole.Manifests = append(whole.Manifests, layer)
	}
	raw, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for i, part := range whole.Manifests {
		labels[fmt.Sprintf("containerd.io/gc.ref.content.%d", i)] = part.Digest.String()
		if part.Digest != a.base.Digest {
			a.done.Bytes += part.Size
		}
	}
	target, err := writeBlob(ctx, blobs, ocispec.MediaTypeImageIndex, raw, content.WithLabels(labels))
	a.image = images.Image{Name: a.done.Ref, Target: target, Labels: map[string]string{store.LabelCheckpoint: "true"}}
	a.done.Digest, a.done.Wire = target.Digest.String(), a.done.Bytes
	return err
}

// examine is what a pull asks of what it brought: all of it came from whoever
// made the archive.
func (a *adopting) examine(ctx context.Context) error {
	blobs := a.client.ContentStore()
	c, err := store.Read(ctx, blobs, a.image)
	if err != nil {
		return err
	}
	m, err := store.Verify(ctx, blobs, c)
	if err != nil {
		return err
	}
	a.done.Manifest, a.done.ID = m, m.ID
	if why, err := a.captures.Poisoned(m.ID); err != nil || why != "" {
		return errors.Join(err, fmt.Errorf("%w: %s", manifest.ErrPoisoned, path.Clean(why)))
	}
	left, err := a.freeForLayers(ctx)
	if err == nil {
		_, err = store.VerifyRW(ctx, blobs, c, left)
	}
	return errors.Join(tooLarge(err), harmless(ctx, blobs, c, m, a.mountRules(m)))
}

func (a *adopting) name(ctx context.Context) error {
	_, err := a.client.ImageService().Create(ctx, a.image)
	if errdefs.IsAlreadyExists(err) {
		err = fmt.Errorf("image %s: %w; give another name", a.image.Name, errdefs.ErrAlreadyExists)
	}
	return err
}
