package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/content"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
)

// Finding is one part of a checkpoint that was read again.
type Finding struct {
	Part    string `json:"part"`
	Bytes   int64  `json:"bytes"`
	Problem string `json:"problem,omitempty"`
}

// VerifyAll reads every byte of a checkpoint again: its image, the base image
// apart, and its captures. It goes on behind a problem, and joins all of them.
func VerifyAll(ctx context.Context, blobs content.Provider, c Captures, k Kept, saw func(Finding)) error {
	var problems []error
	note := func(part string, bytes int64, err error) {
		f := Finding{Part: part, Bytes: bytes}
		if err != nil {
			f.Problem = err.Error()
			problems = append(problems, fmt.Errorf("%s: %w", part, err))
		}
		saw(f)
	}
	if k.Unknown() {
		note("manifest", 0, k.Problem)
		return errors.Join(problems...)
	}
	memory, _ := k.Checkpoint.Memory()
	base, _ := k.Checkpoint.Base()
	for _, d := range k.Checkpoint.Index.Manifests {
		switch d.Digest {
		case base.Digest:
		case memory.Digest:
			note("memory", d.Size, verifyMemory(ctx, blobs, k))
		default:
			note(d.MediaType, d.Size, verifyBlob(ctx, blobs, d))
		}
	}
	if k.Manifest != nil {
		verifyCaptures(ctx, blobs, c, k, note)
	}
	return errors.Join(append(problems, ctx.Err())...)
}

func verifyMemory(ctx context.Context, blobs content.Provider, k Kept) error {
	if k.Manifest == nil { // no database: there is nothing but the digest
		d, _ := k.Checkpoint.Memory()
		return verifyBlob(ctx, blobs, d)
	}
	_, err := Verify(ctx, blobs, k.Checkpoint)
	return err
}

// verifyBlob hashes one blob.
func verifyBlob(ctx context.Context, blobs content.Provider, d ocispec.Descriptor) error {
	at, err := blobs.ReaderAt(ctx, d)
	if err != nil {
		return err
	}
	defer at.Close()
	v := d.Digest.Verifier()
	if _, err := io.Copy(v, content.NewReader(at)); err != nil {
		return err
	}
	if !v.Verified() {
		return altered(d.Digest.String(), "it does not match its digest")
	}
	return ctx.Err()
}

func verifyCaptures(ctx context.Context, blobs content.Provider, c Captures, k Kept, note func(string, int64, error)) {
	for _, v := range k.Manifest.Volumes {
		if v.Capture != nil {
			note("capture of "+v.Destination, v.Fingerprint.Bytes, verifyCapture(ctx, blobs, c, k, v))
		}
	}
}

func verifyCapture(ctx context.Context, blobs content.Provider, c Captures, k Kept, v manifest.Volume) error {
	list, err := List(ctx, blobs, k.Checkpoint, v.Fingerprint.List)
	if err != nil {
		return err
	}
	dir, ok := c.Volume(k.ID(), v)
	if !ok {
		return altered(filepath.Base(dir), "there is no capture at "+dir)
	}
	drift, err := list.Verify(ctx, dir)
	if err == nil && drift.Any() {
		err = altered(v.Name, drift.String())
	}
	return err
}

// List reads the list of one volume's files out of a checkpoint's memory. Its
// digest is in the manifest: Verify compares it.
func List(ctx context.Context, blobs content.Provider, c *Checkpoint, name string) (list *volume.List, err error) {
	r, err := c.open(ctx, blobs)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	err = walk(ctx, r, func(found string, body io.Reader) (more bool, err error) {
		if found != name {
			return true, nil
		}
		list, err = volume.Decode(body)
		return false, err
	})
	if err == nil && list == nil {
		err = altered(name, "it is missing")
	}
	return list, err
}
