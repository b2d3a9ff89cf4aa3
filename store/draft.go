package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/containerd/containerd/api/types/runc/options"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	godigest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
)

// LabelCheckpoint is on every checkpoint image, as containerd's own task
// checkpoint puts it.
const LabelCheckpoint = "containerd.io/checkpoint"

// Draft is a checkpoint image in the making. Its parts are protected by the
// lease in the context that every call is given, until Publish names them.
type Draft struct {
	client *containerd.Client
	info   containers.Container
	index  ocispec.Index
}

// NewDraft begins a checkpoint of a container, with the annotations that
// `ctr containers restore` and this package look for.
func NewDraft(client *containerd.Client, info containers.Container) *Draft {
	return &Draft{client: client, info: info, index: ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		Annotations: map[string]string{
			AnnotationImage:       info.Image,
			AnnotationRuntime:     info.Runtime.Name,
			AnnotationSnapshotter: info.Snapshotter,
		},
	}}
}

// Task has the memory dumped: the Checkpoint RPC.
func (d *Draft) Task(ctx context.Context, exit bool) error {
	opts := &options.CheckpointOptions{Exit: exit, FileLocks: true}
	if err := d.add(ctx, containerd.WithCheckpointTask, opts); err != nil {
		return err
	}
	if _, ok := (&Checkpoint{Index: d.index}).Memory(); !ok {
		return errors.New("the runtime gave back no memory")
	}
	return nil
}

// RW adds the container's layer above its image.
func (d *Draft) RW(ctx context.Context) error { return d.add(ctx, containerd.WithCheckpointRW, nil) }

// Base adds the container's image.
func (d *Draft) Base(ctx context.Context) error {
	return d.add(ctx, containerd.WithCheckpointImage, nil)
}

// Runtime adds the container's runtime options, if it has any.
func (d *Draft) Runtime(ctx context.Context) error {
	return d.add(ctx, containerd.WithCheckpointRuntime, nil)
}

// Manifest makes the consistency manifest, which is in the memory, a part of
// its own as well, for readers that have no use for the memory, and has the
// index say what CRI-O's, Podman's and checkpointctl's annotations say. A
// container without a database has none.
func (d *Draft) Manifest(ctx context.Context) error {
	blobs, c := d.client.ContentStore(), &Checkpoint{Index: d.index}
	raw, err := RawManifest(ctx, blobs, c)
	if errors.Is(err, manifest.ErrMissing) {
		return nil
	}
	if err != nil {
		return err
	}
	m, unusable, err := parse(raw)
	if err != nil || unusable != nil { // whoever reads the image back says so
		return err
	}
	own := ocispec.Descriptor{MediaType: manifest.MediaType, Digest: godigest.FromBytes(raw), Size: int64(len(raw))}
	err = content.WriteBlob(ctx, blobs, "lull-manifest-"+m.ID, bytes.NewReader(raw), own)
	if err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	d.index.Manifests = append(d.index.Manifests, own)
	maps.Copy(d.index.Annotations, CheckpointAnnotations(c, m))
	return nil
}

func (d *Draft) add(ctx context.Context, part containerd.CheckpointOpts, opts *options.CheckpointOptions) error {
	return errgrpc.ToNative(part(ctx, d.client, &d.info, &d.index, opts))
}

// Publish names the checkpoint. It fails with errdefs.ErrAlreadyExists when
// the name is taken.
func (d *Draft) Publish(ctx context.Context, ref string) (*Checkpoint, error) {
	target, err := writeIndex(ctx, d.client.ContentStore(), d.index, "lull-index-"+d.info.ID)
	if err != nil {
		return nil, fmt.Errorf("write the index: %w", err)
	}
	_, err = d.client.ImageService().Create(ctx, images.Image{
		Name: ref, Target: target, Labels: map[string]string{LabelCheckpoint: "true"},
	})
	if err != nil {
		return nil, fmt.Errorf("image %s: %w", ref, err)
	}
	return &Checkpoint{Ref: ref, Index: d.index}, nil
}

// writeIndex stores an index that keeps its parts from being collected.
func writeIndex(ctx context.Context, blobs content.Ingester, index ocispec.Index, ref string) (ocispec.Descriptor, error) {
	raw, err := json.Marshal(index)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	d := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: godigest.FromBytes(raw), Size: int64(len(raw))}
	labels := map[string]string{}
	for i, m := range index.Manifests {
		labels[fmt.Sprintf("containerd.io/gc.ref.content.%d", i)] = m.Digest.String()
	}
	err = content.WriteBlob(ctx, blobs, ref, bytes.NewReader(raw), d, content.WithLabels(labels))
	if errdefs.IsAlreadyExists(err) {
		err = nil
	}
	return d, err
}
