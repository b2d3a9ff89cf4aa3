package transfer

import (
	"context"
	"fmt"
	"io"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/volume"
)

// source is a stream that a push reads.
type source struct {
	artifact.Stream
	open func(context.Context) (io.ReadCloser, error)
}

// sources lists everything that a restore elsewhere needs, the base image
// among it.
type sources struct {
	blobs content.Store
	seen  map[digest.Digest]bool
	all   []source
}

func sourcesOf(ctx context.Context, client *containerd.Client, c store.Captures, k store.Kept) ([]source, error) {
	s := &sources{blobs: client.ContentStore(), seen: map[digest.Digest]bool{}}
	s.blob(k.Image.Target)
	memory, _ := k.Checkpoint.Memory()
	s.blob(memory) // the manifest is in it: it comes early
	base, based := k.Checkpoint.Base()
	for _, d := range k.Checkpoint.Index.Manifests {
		if d.Digest != base.Digest {
			s.blob(d)
		}
	}
	if based {
		if err := s.tree(ctx, base); err != nil {
			return nil, fmt.Errorf("base image %s: %w", k.Checkpoint.BaseName(), err)
		}
	}
	for _, v := range k.Manifest.Volumes {
		if v.Capture == nil {
			continue
		}
		if err := s.volume(ctx, c, k, v); err != nil {
			return nil, fmt.Errorf("capture of %s: %w", v.Destination, err)
		}
	}
	return s.all, nil
}

func (s *sources) blob(d ocispec.Descriptor) {
	if s.seen[d.Digest] {
		return
	}
	s.seen[d.Digest] = true
	s.all = append(s.all, source{
		Stream: artifact.Stream{Kind: artifact.Blob, Name: d.MediaType, MediaType: d.MediaType, Digest: d.Digest, Size: d.Size},
		open: func(ctx context.Context) (io.ReadCloser, error) {
			at, err := s.blobs.ReaderAt(ctx, d)
			if err != nil {
				return nil, err
			}
			return struct {
				io.Reader
				io.Closer
			}{content.NewReader(at), at}, nil
		},
	})
}

// tree adds an image with all that is in it. Of an image for several platforms
// those that are not here are left out.
func (s *sources) tree(ctx context.Context, d ocispec.Descriptor) error {
	if _, err := s.blobs.Info(ctx, d.Digest); err != nil {
		return err
	}
	s.blob(d)
	children, err := images.Children(ctx, s.blobs, d)
	if err != nil {
		return err
	}
	for _, child := range children {
		err := s.tree(ctx, child)
		if errdefs.IsNotFound(err) && images.IsIndexType(d.MediaType) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s is not in containerd's content store; fetch the image again: %w", child.Digest, err)
		}
	}
	return nil
}

func (s *sources) volume(ctx context.Context, c store.Captures, k store.Kept, v manifest.Volume) error {
	list, err := store.List(ctx, s.blobs, k.Checkpoint, v.Fingerprint.List)
	if err != nil {
		return err
	}
	dir, ok := c.Volume(k.ID(), v)
	if !ok {
		return fmt.Errorf("there is none at %s", dir)
	}
	if err := list.Portable(); err != nil {
		return err
	}
	size, err := list.PackSize()
	if err != nil {
		return err
	}
	s.all = append(s.all, source{
		Stream: artifact.Stream{Kind: artifact.Volume, Name: v.Name, Size: size},
		open:   func(ctx context.Context) (io.ReadCloser, error) { return packing(ctx, list, dir), nil },
	})
	return nil
}

// packing reads what Pack writes; to close it ends Pack.
func packing(ctx context.Context, list *volume.List, dir string) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(list.Pack(ctx, dir, w)) }()
	return r
}
