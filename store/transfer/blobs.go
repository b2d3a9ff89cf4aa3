package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/store/artifact"
)

// heldFor is how long containerd keeps what an interrupted pull has brought.
const heldFor = 24 * time.Hour

// hold takes the lease that keeps all that comes from being collected. It
// lasts until the image is there; after a failure until it expires, so that the
// next pull finds what there is.
func (p *pulling) hold(ctx context.Context) error {
	l, err := p.client.LeasesService().Create(ctx, leases.WithRandomID(), leases.WithExpiration(heldFor))
	p.lease = l.ID
	return err
}

func (p *pulling) leased(ctx context.Context) context.Context { return leases.WithLease(ctx, p.lease) }

func (p *pulling) letGo(ctx context.Context) error {
	return p.client.LeasesService().Delete(ctx, leases.Lease{ID: p.lease})
}

// blobs brings everything that goes into the content store.
func (p *pulling) blobs(ctx context.Context) error {
	for i, s := range p.table.Streams {
		if s.Kind != artifact.Blob {
			continue
		}
		if err := p.blob(ctx, i, s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := failpoint.Hit("pull.blob"); err != nil {
			return err
		}
	}
	return nil
}

func (p *pulling) blob(ctx context.Context, i int, s artifact.Stream) error {
	blobs := p.client.ContentStore()
	d := ocispec.Descriptor{MediaType: s.MediaType, Digest: s.Digest, Size: s.Size}
	if info, err := blobs.Info(ctx, s.Digest); err == nil {
		if info.Size != s.Size {
			return fmt.Errorf("%w: %s has %d bytes here", artifact.ErrFormat, s.Digest, info.Size)
		}
		p.read += s.Size
		return p.addToLease(ctx, s.Digest)
	}
	ref := "lull-pull-" + s.Digest.String()
	w, err := content.OpenWriter(ctx, blobs, content.WithRef(ref), content.WithDescriptor(d))
	if errdefs.IsAlreadyExists(err) {
		return p.addToLease(ctx, s.Digest)
	}
	if err != nil {
		return err
	}
	err = errors.Join(p.fill(ctx, w, i, s), w.Close())
	if errors.Is(err, errWrong) || errors.Is(err, artifact.ErrFormat) {
		err = errors.Join(err, blobs.Abort(context.WithoutCancel(ctx), ref)) // nobody is to go on from there
	}
	return err
}

func (p *pulling) addToLease(ctx context.Context, d digest.Digest) error {
	return p.client.LeasesService().AddResource(ctx, leases.Lease{ID: p.lease}, leases.Resource{ID: d.String(), Type: "content"})
}

var errWrong = errors.New("what came is not what its digest says")

// fill goes on where an interrupted pull was.
func (p *pulling) fill(ctx context.Context, w content.Writer, i int, s artifact.Stream) error {
	st, err := w.Status()
	if err != nil {
		return err
	}
	if st.Offset > s.Size {
		return errWrong
	}
	r := p.streamOf(ctx, i)
	defer r.close()
	if err := r.Skip(st.Offset); err != nil {
		return err
	}
	for left := s.Size - st.Offset; left > 0; {
		n, err := io.CopyN(w, r, min(left, artifact.MinChunk))
		if err != nil {
			return err
		}
		left -= n
		if err := failpoint.Hit("pull.chunk"); err != nil {
			return err
		}
	}
	err = w.Commit(ctx, s.Size, s.Digest)
	switch {
	case errdefs.IsAlreadyExists(err):
		return nil
	case errdefs.IsFailedPrecondition(err):
		return fmt.Errorf("%w: %w", errWrong, err)
	}
	return err
}

// label has each index and each manifest keep what it names from being
// collected, once the lease is gone.
func (p *pulling) label(ctx context.Context) error {
	blobs := p.client.ContentStore()
	for _, s := range p.table.Streams {
		if s.Kind != artifact.Blob || !images.IsIndexType(s.MediaType) && !images.IsManifestType(s.MediaType) {
			continue
		}
		d := ocispec.Descriptor{MediaType: s.MediaType, Digest: s.Digest, Size: s.Size}
		children, err := images.Children(ctx, blobs, d)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", artifact.ErrFormat, s.Digest, err)
		}
		info := content.Info{Digest: s.Digest, Labels: map[string]string{}}
		var fields []string
		for i, child := range children {
			if _, err := blobs.Info(ctx, child.Digest); errdefs.IsNotFound(err) {
				continue // another platform's; judge has seen to it
			}
			key := fmt.Sprintf("containerd.io/gc.ref.content.%d", i)
			info.Labels[key] = child.Digest.String()
			fields = append(fields, "labels."+key)
		}
		if len(fields) == 0 {
			continue
		}
		if _, err := blobs.Update(ctx, info, fields...); err != nil {
			return err
		}
	}
	return nil
}
