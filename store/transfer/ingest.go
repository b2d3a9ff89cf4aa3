package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	godigest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// writeBlob stores bytes that may be there already.
func writeBlob(ctx context.Context, blobs content.Ingester, kind string, raw []byte, opts ...content.Opt) (ocispec.Descriptor, error) {
	d := ocispec.Descriptor{MediaType: kind, Digest: godigest.FromBytes(raw), Size: int64(len(raw))}
	err := content.WriteBlob(ctx, blobs, "lull-"+d.Digest.Encoded(), bytes.NewReader(raw), d, opts...)
	if errdefs.IsAlreadyExists(err) {
		err = nil
	}
	return d, err
}

// ingest stores what fill writes, whose digest nobody knows before.
func ingest(ctx context.Context, blobs content.Ingester, kind string, fill func(io.Writer) error) (d ocispec.Descriptor, err error) {
	w, err := content.OpenWriter(ctx, blobs, content.WithRef("lull-adopt-"+path.Base(kind)))
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Truncate(0); err != nil { // an interrupted one began it
		return d, err
	}
	if err := fill(w); err != nil {
		return d, err
	}
	at, err := w.Status()
	if err != nil {
		return d, err
	}
	if err := w.Commit(ctx, at.Offset, ""); err != nil && !errdefs.IsAlreadyExists(err) {
		return d, err
	}
	return ocispec.Descriptor{MediaType: kind, Digest: w.Digest(), Size: at.Offset}, nil
}
