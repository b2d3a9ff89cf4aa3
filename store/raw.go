package store

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
)

// Read reads the checkpoint that an image stands for, there or yet to be.
func Read(ctx context.Context, blobs content.Provider, img images.Image) (*Checkpoint, error) {
	if img.Target.Size > maxIndex || !images.IsIndexType(img.Target.MediaType) {
		return nil, fmt.Errorf("%s: %w", img.Name, ErrNoCheckpoint)
	}
	return decode(ctx, blobs, img)
}

// RawManifest gives the bytes of a checkpoint's manifest.
func RawManifest(ctx context.Context, blobs content.Provider, c *Checkpoint) ([]byte, error) {
	r, err := c.open(ctx, blobs)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return scan(ctx, r)
}
