package store

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/pkg/archive/compression"

	"github.com/lull-containers/lull/manifest"
)

// VerifyRW reads a checkpoint's layer above its image to the end: devices, and
// whatever leads out of the layer, are refused. It is of its digest already.
func VerifyRW(ctx context.Context, blobs content.Provider, c *Checkpoint) error {
	d, ok := c.RW()
	if !ok {
		return nil
	}
	at, err := blobs.ReaderAt(ctx, d)
	if err != nil {
		return err
	}
	defer at.Close()
	r, err := compression.DecompressStream(content.NewReader(at))
	if err != nil {
		return altered("rw layer", err.Error())
	}
	defer r.Close()
	return scanLayer(ctx, io.LimitReader(r, maxLayer))
}

// maxLayer bounds a layer that is unpacked, in bytes.
const maxLayer = 1 << 40

func scanLayer(ctx context.Context, r io.Reader) error {
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return altered("rw layer", err.Error())
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if why := leadsOut(h); why != "" {
			return &manifest.Refusal{Class: manifest.ErrAltered, File: "rw layer", Why: fmt.Sprintf("%.200q %s", h.Name, why),
				Remedy: "nothing of it was used"}
		}
	}
}

func leadsOut(h *tar.Header) string {
	switch {
	case outside(h.Name):
		return "lies outside of the layer"
	case h.Typeflag == tar.TypeLink && outside(h.Linkname):
		return "is a link to what lies outside of the layer"
	case h.Typeflag == tar.TypeChar || h.Typeflag == tar.TypeBlock:
		return "is a device"
	}
	return ""
}

// outside: an absolute name is one below the layer's root.
func outside(name string) bool {
	clean := path.Clean(strings.TrimLeft(name, "/"))
	return clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(name, "\x00")
}
