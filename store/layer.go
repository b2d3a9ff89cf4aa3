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
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
)

// VerifyRW reads a checkpoint's layer above its image to the end: devices, and
// whatever leads out of the layer, are refused. It is of its digest already. size
// is what it takes unpacked, in bytes; more than most is ErrInflates.
func VerifyRW(ctx context.Context, blobs content.Provider, c *Checkpoint, most int64) (size int64, err error) {
	d, ok := c.RW()
	if !ok {
		return 0, nil
	}
	return inflated(ctx, blobs, d, most, func(r io.Reader) error { return scanLayer(ctx, r) })
}

// LayerSize reads a layer to its end and gives what it takes unpacked, in bytes;
// more than most is ErrInflates.
func LayerSize(ctx context.Context, blobs content.Provider, d ocispec.Descriptor, most int64) (int64, error) {
	return inflated(ctx, blobs, d, most, func(io.Reader) error { return nil })
}

// ErrInflates is that a layer takes more unpacked than there is room for, or so much more
// than packed that it was made to fill a disk.
var ErrInflates = errors.New("a layer is too large unpacked")

// A layer may take so many times what it takes packed; small ones are not asked.
const (
	layerRatio = 256
	smallLayer = 1 << 30 // bytes, unpacked
)

func inflated(ctx context.Context, blobs content.Provider, d ocispec.Descriptor, most int64, scan func(io.Reader) error) (int64, error) {
	at, err := blobs.ReaderAt(ctx, d)
	if err != nil {
		return 0, err
	}
	defer at.Close()
	raw, err := compression.DecompressStream(content.NewReader(at))
	if err != nil {
		return 0, altered("layer "+d.Digest.String(), err.Error())
	}
	defer raw.Close()
	most = mayTake(d.Size, most)
	r := &bounded{ctx: ctx, r: raw, most: most}
	err = scan(r)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	switch {
	case r.n > most:
		err = fmt.Errorf("%w: layer %s has %d bytes, and more than %d unpacked", ErrInflates, d.Digest, d.Size, most)
	case err != nil && ctx.Err() == nil && !errors.Is(err, manifest.ErrAltered):
		err = altered("layer "+d.Digest.String(), err.Error())
	}
	return r.n, err
}

func mayTake(packed, most int64) int64 { return min(most, max(smallLayer, packed*layerRatio)) }

// bounded fails behind so many bytes.
type bounded struct {
	ctx     context.Context
	r       io.Reader
	n, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.n += int64(n); b.n > b.most {
		err = ErrInflates
	}
	return n, err
}

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
