package main

import (
	"context"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/store"
)

func isCheckpoint(ctx context.Context, client *containerd.Client, ref string) bool {
	_, err := openCheckpoint(ctx, client, ref)
	return err == nil
}

func openCheckpoint(ctx context.Context, client *containerd.Client, ref string) (*store.Checkpoint, error) {
	return store.Open(ctx, client.ImageService(), client.ContentStore(), ref)
}
