package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// judge looks at the whole before any of it gets a name: the memory's every
// file, the manifest, the layer, and that nothing is missing or too much.
func (p *pulling) judge(ctx context.Context) error {
	blobs := p.client.ContentStore()
	c, err := store.Read(ctx, blobs, p.image)
	if err != nil {
		return err
	}
	layers, err := p.complete(ctx, c)
	if err != nil {
		return err
	}
	m, err := store.Verify(ctx, blobs, c)
	if err != nil {
		return err
	}
	p.done.Manifest, p.done.ID = m, m.ID
	for _, check := range []func() error{
		func() error { return p.ownManifest(ctx, c) },
		func() error { return p.inflate(ctx, c, layers) },
		func() error { return p.sameID(m) },
		func() error { return harmless(ctx, blobs, c, m, p.mountRules(m)) },
		func() error { return p.lists(ctx, c, m) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// complete: what the index names came with it, and its base image is whole. It
// gives the base image's layers.
func (p *pulling) complete(ctx context.Context, c *store.Checkpoint) (layers []ocispec.Descriptor, err error) {
	for _, d := range c.Index.Manifests {
		if !p.brought(d) {
			return nil, fmt.Errorf("%w: %s is missing", artifact.ErrFormat, d.Digest)
		}
	}
	base, ok := c.Base()
	if !ok {
		return nil, nil
	}
	return p.wholeTree(ctx, base, 0)
}

func (p *pulling) brought(d ocispec.Descriptor) bool {
	return slices.ContainsFunc(p.table.Streams, func(s artifact.Stream) bool {
		return s.Kind == artifact.Blob && s.Digest == d.Digest && s.Size == d.Size
	})
}

const maxDepth = 4 // index, manifest, layers, and one to spare

func (p *pulling) wholeTree(ctx context.Context, d ocispec.Descriptor, depth int) (layers []ocispec.Descriptor, err error) {
	if depth > maxDepth || d.Size > artifact.MaxIndex {
		return nil, fmt.Errorf("%w: its base image is nested too deep, or too large", artifact.ErrFormat)
	}
	children, err := images.Children(ctx, p.client.ContentStore(), d)
	if err != nil {
		return nil, fmt.Errorf("%w: base image: %w", artifact.ErrFormat, err)
	}
	found := 0
	for _, child := range children {
		if !p.brought(child) {
			if images.IsIndexType(d.MediaType) {
				continue // another platform's
			}
			return nil, fmt.Errorf("%w: %s of the base image is missing", artifact.ErrFormat, child.Digest)
		}
		found++
		if images.IsIndexType(child.MediaType) || images.IsManifestType(child.MediaType) {
			more, err := p.wholeTree(ctx, child, depth+1)
			if err != nil {
				return nil, err
			}
			layers = append(layers, more...)
		}
		if images.IsLayerType(child.MediaType) {
			layers = append(layers, child)
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("%w: there is nothing of its base image", artifact.ErrFormat)
	}
	return layers, nil
}

// inflate reads all layers to their ends: a restore unpacks them, and they may
// have been made to fill a disk.
func (p *pulling) inflate(ctx context.Context, c *store.Checkpoint, base []ocispec.Descriptor) error {
	left, err := p.freeForLayers(ctx)
	if err != nil {
		return err
	}
	blobs := p.client.ContentStore()
	for _, d := range base {
		n, err := store.LayerSize(ctx, blobs, d, left)
		if err != nil {
			return tooLarge(err)
		}
		left -= n
	}
	_, err = store.VerifyRW(ctx, blobs, c, left)
	return tooLarge(err)
}

func tooLarge(err error) error {
	if errors.Is(err, store.ErrInflates) {
		err = fmt.Errorf("%w: %w; make room, or do not trust who made it", ErrRoom, err)
	}
	return err
}

// ownManifest: an index may name a manifest of its own, and it must be the one
// that is sealed into the memory.
func (p *pulling) ownManifest(ctx context.Context, c *store.Checkpoint) error {
	for _, d := range c.Index.Manifests {
		if d.MediaType != artifact.TypeManifest {
			continue
		}
		if d.Size > manifest.MaxSize {
			return fmt.Errorf("%w: its manifest has %d bytes", artifact.ErrFormat, d.Size)
		}
		sealed, err := store.RawManifest(ctx, p.client.ContentStore(), c)
		if err != nil {
			return err
		}
		own, err := content.ReadBlob(ctx, p.client.ContentStore(), d)
		if err != nil {
			return err
		}
		if !bytes.Equal(sealed, own) {
			return fmt.Errorf("%w: its index names another manifest than the one in its memory", artifact.ErrFormat)
		}
	}
	return nil
}

func (p *pulling) sameID(m *manifest.Manifest) error {
	if p.table.ID != m.ID {
		return fmt.Errorf("%w: its table says checkpoint %.40q, its manifest %s", artifact.ErrFormat, p.table.ID, m.ID)
	}
	why, err := p.captures.Poisoned(m.ID)
	if err == nil && why != "" {
		err = fmt.Errorf("%w: this host knows that checkpoint %s is poisoned: %s", manifest.ErrPoisoned, m.ID, strings.TrimSpace(why))
	}
	return err
}

// lists looks at every captured volume before the first one is made.
func (p *pulling) lists(ctx context.Context, c *store.Checkpoint, m *manifest.Manifest) error {
	wanted := 0
	for _, v := range m.Volumes {
		if v.Capture == nil {
			continue
		}
		wanted++
		list, err := store.List(ctx, p.client.ContentStore(), c, v.Fingerprint.List)
		if err != nil {
			return err
		}
		if err := p.fits(list, v.Name); err != nil {
			return fmt.Errorf("capture of %s: %w", v.Destination, err)
		}
	}
	for _, s := range p.table.Streams {
		if s.Kind == artifact.Volume {
			wanted--
		}
	}
	if wanted != 0 {
		return fmt.Errorf("%w: its captures are not those of its manifest", artifact.ErrFormat)
	}
	return nil
}

func (p *pulling) fits(list *volume.List, name string) error {
	if err := list.Portable(); err != nil {
		return err
	}
	size, err := list.PackSize()
	if err != nil {
		return err
	}
	same := func(s artifact.Stream) bool {
		return s.Kind == artifact.Volume && s.Name == name && s.Size == size
	}
	if !slices.ContainsFunc(p.table.Streams, same) {
		return fmt.Errorf("%w: there is no stream of its %d bytes", artifact.ErrFormat, size)
	}
	return nil
}

// volume makes one capture, if it is not here already, or not any more what it
// was.
func (p *pulling) volume(ctx context.Context, i int, s artifact.Stream) error {
	c, err := store.Read(ctx, p.client.ContentStore(), p.image)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(p.done.Manifest.Volumes, func(v manifest.Volume) bool { return v.Name == s.Name })
	v := p.done.Manifest.Volumes[at]
	dst, there := p.captures.Volume(p.done.ID, v)
	list, err := store.List(ctx, p.client.ContentStore(), c, v.Fingerprint.List)
	if err != nil {
		return err
	}
	anew := func() error { return p.unpack(ctx, i, list, dst) }
	if !there {
		return anew()
	}
	drift, err := list.Verify(ctx, dst)
	if err != nil {
		return err
	}
	if !drift.Any() {
		p.read += s.Size
		return nil
	}
	if err := p.unheld(drift, dst); err != nil {
		return err
	}
	return volume.Replace(dst, anew)
}

// unheld: what clones stand on is not taken from under them.
func (p *pulling) unheld(drift volume.Drift, dst string) error {
	found, err := p.captures.Get(p.done.ID)
	if err == nil && len(found.Holds) > 0 {
		err = fmt.Errorf("%w: %s is not what was captured any more (%s), and %s stands on it; remove that first", captures.ErrHeld, dst, drift, found.Holds[0].By)
	}
	return err
}

func (p *pulling) unpack(ctx context.Context, i int, list *volume.List, dst string) error {
	r := p.streamOf(ctx, i)
	defer r.close()
	err := list.Unpack(ctx, dst, r)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, volume.ErrCapture) || errors.Is(err, artifact.ErrFormat) {
		return errors.Join(err, os.RemoveAll(volume.UnpackDir(dst)))
	}
	return errors.Join(err, failpoint.Hit("pull.volume"))
}
