package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// ErrNoCheckpoint says that an image is no checkpoint, or one without memory.
var ErrNoCheckpoint = errors.New("the image holds no checkpoint of a running container")

// Annotations of a checkpoint's index. `ctr containers checkpoint` writes the
// first three, `ctr tasks checkpoint` the last.
const (
	AnnotationImage       = ocispec.AnnotationRefName
	AnnotationRuntime     = "io.containerd.checkpoint.runtime"
	AnnotationSnapshotter = "io.containerd.checkpoint.snapshotter"
	AnnotationTaskImage   = "image.name"
)

// maxIndex bounds an index in bytes: it lists a handful of parts.
const maxIndex = 1 << 20

// Checkpoint is a checkpoint image's index.
type Checkpoint struct {
	Ref   string
	Index ocispec.Index
}

// Open reads a checkpoint image's index. It fails with errdefs.ErrNotFound when
// there is no such image and with ErrNoCheckpoint when it is another kind.
func Open(ctx context.Context, all images.Store, blobs content.Provider, ref string) (*Checkpoint, error) {
	img, err := all.Get(ctx, ref)
	if errdefs.IsNotFound(err) {
		return nil, fmt.Errorf("there is no image %s: %w", ref, errdefs.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if img.Target.Size > maxIndex || !images.IsIndexType(img.Target.MediaType) {
		return nil, fmt.Errorf("%s: %w", ref, ErrNoCheckpoint)
	}
	return decode(ctx, blobs, img)
}

func decode(ctx context.Context, blobs content.Provider, img images.Image) (*Checkpoint, error) {
	raw, err := content.ReadBlob(ctx, blobs, img.Target)
	if err != nil {
		return nil, fmt.Errorf("index of %s: %w", img.Name, err)
	}
	c := &Checkpoint{Ref: img.Name}
	if err := json.Unmarshal(raw, &c.Index); err != nil {
		return nil, fmt.Errorf("index of %s: %w", img.Name, err)
	}
	if _, ok := c.Memory(); !ok {
		return nil, fmt.Errorf("%s: %w", img.Name, ErrNoCheckpoint)
	}
	return c, nil
}

func (c *Checkpoint) part(is func(mediaType string) bool) (ocispec.Descriptor, bool) {
	for _, d := range c.Index.Manifests {
		if is(d.MediaType) {
			return d, true
		}
	}
	return ocispec.Descriptor{}, false
}

func exactly(want string) func(string) bool {
	return func(mediaType string) bool { return mediaType == want }
}

// Memory is the archive of CRIU images.
func (c *Checkpoint) Memory() (ocispec.Descriptor, bool) {
	return c.part(exactly(images.MediaTypeContainerd1Checkpoint))
}

// Spec is the container's OCI spec, as a protobuf Any.
func (c *Checkpoint) Spec() (ocispec.Descriptor, bool) {
	return c.part(exactly(images.MediaTypeContainerd1CheckpointConfig))
}

// RuntimeOptions are the container's runtime options, as a protobuf Any.
func (c *Checkpoint) RuntimeOptions() (ocispec.Descriptor, bool) {
	return c.part(exactly(images.MediaTypeContainerd1CheckpointRuntimeOptions))
}

// RW is the container's layer above its image.
func (c *Checkpoint) RW() (ocispec.Descriptor, bool) { return c.part(images.IsLayerType) }

// Base is the image that the container was made from.
func (c *Checkpoint) Base() (ocispec.Descriptor, bool) {
	return c.part(func(mt string) bool { return images.IsManifestType(mt) || images.IsIndexType(mt) })
}

// BaseName is the name that image had; empty when nobody wrote it down.
func (c *Checkpoint) BaseName() string {
	if name := c.Index.Annotations[AnnotationImage]; name != "" {
		return name
	}
	return c.Index.Annotations[AnnotationTaskImage]
}

// Size is the bytes that the checkpoint takes, the base image apart.
func (c *Checkpoint) Size() int64 {
	var sum int64
	base, _ := c.Base()
	for _, d := range c.Index.Manifests {
		if d.Digest != base.Digest {
			sum += d.Size
		}
	}
	return sum
}
