package store

import (
	"context"
	"fmt"
	"regexp"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
)

// End kills what runs in a container that Create made, and removes it with its
// snapshot. One that is gone, or was only half made, is no error.
func End(ctx context.Context, client *containerd.Client, id, snapshotter string) error {
	made, err := client.LoadContainer(ctx, id)
	if err != nil && ignoreGone(err) != nil {
		return err
	}
	if err == nil {
		if err := end(ctx, made); err != nil {
			return fmt.Errorf("end %s: %w", id, err)
		}
		if info, err := made.Info(ctx, containerd.WithoutRefreshedMetadata); err == nil {
			snapshotter = info.Snapshotter
		}
		if err := ignoreGone(made.Delete(ctx)); err != nil {
			return fmt.Errorf("container %s: %w", id, err)
		}
	}
	return removeSnapshots(ctx, client, id, snapshotter)
}

// removeSnapshots finds the keys that Create makes.
func removeSnapshots(ctx context.Context, client *containerd.Client, id, snapshotter string) error {
	if snapshotter == "" {
		return nil // nothing was made
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(id) + "-[A-Z2-7]{26}$")
	var keys []string
	service := client.SnapshotService(snapshotter)
	err := service.Walk(ctx, func(_ context.Context, s snapshots.Info) error {
		if ours.MatchString(s.Name) {
			keys = append(keys, s.Name)
		}
		return nil
	})
	if err != nil && !errdefs.IsNotFound(errgrpc.ToNative(err)) {
		return err
	}
	for _, key := range keys {
		if err := ignoreGone(service.Remove(ctx, key)); err != nil {
			return fmt.Errorf("snapshot %s: %w", key, err)
		}
	}
	return nil
}
