package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/typeurl/v2"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/manifest"
)

// Template is what a container is made from.
type Template struct {
	ID          string
	Image       string // name of the base image
	Snapshotter string
	Runtime     containers.RuntimeInfo
	Labels      map[string]string
	Spec        typeurl.Any // OCI spec, as the client that made it encoded it

	snapshotKey string
}

// ErrIncomplete says that neither the image nor a manifest tells enough to
// make a container.
var ErrIncomplete = errors.New("the checkpoint does not say how its container was made")

// Template reads how to make the checkpointed container again, under another
// id if one is given. The index's annotations come first; what they do not say
// is the manifest's, which may be nil.
func (c *Checkpoint) Template(ctx context.Context, blobs content.Provider, m *manifest.Manifest, id string) (Template, error) {
	var made manifest.Container
	if m != nil {
		made = m.Container
	}
	t := Template{
		ID:          cmp.Or(id, made.ID),
		Image:       cmp.Or(c.BaseName(), made.Image),
		Snapshotter: cmp.Or(c.Index.Annotations[AnnotationSnapshotter], made.Snapshotter),
		Runtime:     containers.RuntimeInfo{Name: cmp.Or(c.Index.Annotations[AnnotationRuntime], made.Runtime)},
		Labels:      withoutPod(made.Labels),
	}
	if err := t.complete(); err != nil {
		return t, fmt.Errorf("%s: %w", c.Ref, err)
	}
	return t, errors.Join(c.readSpec(ctx, blobs, &t, made.ID), c.readOptions(ctx, blobs, &t))
}

func (t Template) complete() error {
	for what, value := range map[string]string{
		"its name": t.ID, "its image": t.Image, "its snapshotter": t.Snapshotter, "its runtime": t.Runtime.Name,
	} {
		if value == "" {
			return fmt.Errorf("%w: %s is missing", ErrIncomplete, what)
		}
	}
	return nil
}

func (c *Checkpoint) readSpec(ctx context.Context, blobs content.Provider, t *Template, original string) error {
	d, ok := c.Spec()
	if !ok {
		return fmt.Errorf("%s: %w: its OCI spec is missing", c.Ref, ErrIncomplete)
	}
	boxed, err := readAny(ctx, blobs, d)
	if err == nil && original != "" && original != t.ID {
		boxed.Value, err = rename(boxed.GetValue(), original, t.ID)
	}
	if err != nil {
		return fmt.Errorf("OCI spec of %s: %w", c.Ref, err)
	}
	t.Spec = boxed
	return nil
}

func (c *Checkpoint) readOptions(ctx context.Context, blobs content.Provider, t *Template) error {
	d, ok := c.RuntimeOptions()
	if !ok {
		return nil
	}
	boxed, err := readAny(ctx, blobs, d)
	if err != nil {
		return fmt.Errorf("runtime options of %s: %w", c.Ref, err)
	}
	t.Runtime.Options = boxed
	return nil
}

func readAny(ctx context.Context, blobs content.Provider, d ocispec.Descriptor) (*anypb.Any, error) {
	raw, err := content.ReadBlob(ctx, blobs, d)
	if err != nil {
		return nil, err
	}
	boxed := &anypb.Any{}
	return boxed, proto.Unmarshal(raw, boxed)
}
