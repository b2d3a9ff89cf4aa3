package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/image-spec/identity"

	"github.com/lull-containers/lull/internal/cleanup"
)

// Create makes a container, without a task, from a checkpoint: image unpacked,
// snapshot, rw layer, container. What it made is pushed on undo. It fails with
// errdefs.ErrAlreadyExists when there is a container of that name.
func (c *Checkpoint) Create(ctx context.Context, client *containerd.Client, t Template, undo *cleanup.Stack) (containerd.Container, error) {
	if _, err := client.ContainerService().Get(ctx, t.ID); !errdefs.IsNotFound(err) {
		if err == nil {
			err = fmt.Errorf("container %s: %w", t.ID, errdefs.ErrAlreadyExists)
		}
		return nil, err
	}
	if err := c.snapshot(ctx, client, &t, undo); err != nil {
		return nil, err
	}
	if err := c.applyRW(ctx, client, &t); err != nil {
		return nil, err
	}
	return create(ctx, client, &t, undo)
}

// snapshot prepares the root file system on top of the base image. Its key is
// new each time: nobody else's snapshot can be in the way, or be removed.
func (c *Checkpoint) snapshot(ctx context.Context, client *containerd.Client, t *Template, undo *cleanup.Stack) error {
	img, err := c.base(ctx, client, t.Image)
	if err != nil {
		return fmt.Errorf("base image %s: %w", t.Image, err)
	}
	if err := img.Unpack(ctx, t.Snapshotter); err != nil {
		return fmt.Errorf("unpack %s: %w", t.Image, err)
	}
	layers, err := img.RootFS(ctx)
	if err != nil {
		return fmt.Errorf("base image %s: %w", t.Image, err)
	}
	t.snapshotKey = t.ID + "-" + rand.Text()
	service, key := client.SnapshotService(t.Snapshotter), t.snapshotKey
	undo.Push("snapshot "+key, func(ctx context.Context) error { return ignoreGone(service.Remove(ctx, key)) })
	_, err = service.Prepare(ctx, key, identity.ChainID(layers).String())
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", key, err)
	}
	return nil
}

// base is the image inside the checkpoint, because its name may mean another
// image by now; the name counts where the checkpoint has none.
func (c *Checkpoint) base(ctx context.Context, client *containerd.Client, name string) (containerd.Image, error) {
	if d, ok := c.Base(); ok {
		return containerd.NewImage(client, images.Image{Name: name, Target: d}), nil
	}
	return client.GetImage(ctx, name)
}

func (c *Checkpoint) applyRW(ctx context.Context, client *containerd.Client, t *Template) error {
	layer, ok := c.RW()
	if !ok {
		return nil
	}
	mounts, err := client.SnapshotService(t.Snapshotter).Mounts(ctx, t.snapshotKey)
	if err != nil {
		return err
	}
	if _, err := client.DiffService().Apply(ctx, layer, mounts); err != nil {
		return fmt.Errorf("put back the rw layer: %w", err)
	}
	return nil
}

// create registers the container. Not even a cancelled ctx leaves it open
// whether it did: an undo must not delete somebody else's.
func create(ctx context.Context, client *containerd.Client, t *Template, undo *cleanup.Stack) (containerd.Container, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), registerTimeout)
	defer cancel()
	made, err := client.NewContainer(ctx, t.ID, func(_ context.Context, _ *containerd.Client, rec *containers.Container) error {
		rec.Image, rec.Snapshotter, rec.SnapshotKey = t.Image, t.Snapshotter, t.snapshotKey
		rec.Labels, rec.Runtime, rec.Spec = t.Labels, t.Runtime, t.Spec
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", t.ID, err)
	}
	undo.Push("container "+t.ID, func(ctx context.Context) error { return ignoreGone(made.Delete(ctx)) })
	return made, nil
}

const registerTimeout = 10 * time.Second

// ignoreGone knows errors as they are and as they cross an RPC.
func ignoreGone(err error) error {
	if errdefs.IsNotFound(err) || errdefs.IsNotFound(errgrpc.ToNative(err)) {
		return nil
	}
	return err
}
