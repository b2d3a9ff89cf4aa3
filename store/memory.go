package store

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/manifest"
)

// Unpack puts the archive of CRIU images into a folder of its own below dir,
// once for all restores that start from it, and gives that folder. It is not
// looked at again afterwards: every restore compares each file with its digest.
// A failure leaves nothing.
func (c *Checkpoint) Unpack(ctx context.Context, blobs content.Provider, dir string) (string, error) {
	d, ok := c.Memory()
	if !ok {
		return "", ErrNoCheckpoint
	}
	path := filepath.Join(dir, d.Digest.Encoded())
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(dir, ".unpacking-")
	if err != nil {
		return "", err
	}
	err = c.unpackInto(ctx, blobs, temp)
	if err == nil {
		err = manifest.Sync(ctx, temp) // whoever finds the folder believes it, also after a power cut
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		return path, durable.SyncDir(dir)
	}
	err = errors.Join(err, os.RemoveAll(temp))
	if _, there := os.Stat(path); there == nil { // another process was faster
		return path, nil
	}
	return "", fmt.Errorf("unpack the memory of %s: %w", c.Ref, err)
}

func (c *Checkpoint) unpackInto(ctx context.Context, blobs content.Provider, dir string) error {
	r, err := c.open(ctx, blobs)
	if err != nil {
		return err
	}
	defer r.Close()
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if err := unpackFile(dir, h, archive); err != nil {
			return err
		}
	}
}

// unpackFile takes regular files only, and no name that leads elsewhere.
func unpackFile(dir string, h *tar.Header, body io.Reader) error {
	name := filepath.Clean(h.Name)
	if h.Typeflag == tar.TypeDir && name == "." {
		return nil
	}
	if h.Typeflag != tar.TypeReg || sparse(h) || filepath.Base(name) != name {
		return altered(name, "it is not a regular file of a flat folder")
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close())
}
