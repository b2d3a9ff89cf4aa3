package transfer

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
)

// PullOptions of a pull.
type PullOptions struct {
	Ref        string // the image's name here; empty: the one that it was pushed by
	Identities []age.Identity
	// TrustMounts takes mounts of folders of this host that nothing was captured
	// of; else they are ErrHarm.
	TrustMounts bool
	Progress    func(done, total int64)
}

// Pulled is what a pull has done.
type Pulled struct {
	Ref       string `json:"ref"`
	From      string `json:"from"`
	Digest    string `json:"digest"` // of the artifact
	ID        string `json:"id"`
	Bytes     int64  `json:"bytes"`
	Wire      int64  `json:"wire_bytes"`
	Captures  int64  `json:"capture_bytes"`
	Encrypted bool   `json:"encrypted"`

	Manifest *manifest.Manifest `json:"-"`
}

// pulling is one pull under way. Nothing that came is used before it was held
// against its digest, and nothing has a name before all of it was.
type pulling struct {
	client   *containerd.Client
	captures store.Captures
	from     Place
	opts     PullOptions

	parts   artifact.Parts
	table   *artifact.Table
	openers *opened
	lease   string
	read    int64
	image   images.Image
	done    Pulled
}

// Pull brings a checkpoint from a place: image, base image and captures. What
// an interrupted pull has brought is kept for a day, of no use to anybody but
// the next pull.
func Pull(ctx context.Context, client *containerd.Client, c store.Captures, from Place, o PullOptions) (Pulled, error) {
	p := &pulling{client: client, captures: c, from: from, opts: o, done: Pulled{From: from.String()}}
	if err := p.begin(ctx); err != nil {
		return p.done, err
	}
	defer p.openers.close()
	for _, step := range []func(context.Context) error{p.free, p.room, p.hold} {
		if err := step(ctx); err != nil {
			return p.done, err
		}
	}
	ctx = p.leased(ctx)
	for _, step := range []func(context.Context) error{p.blobs, p.judge, p.label, p.keep, p.letGo} {
		if err := step(ctx); err != nil {
			return p.done, err
		}
	}
	return p.done, nil
}

// begin reads what the artifact consists of.
func (p *pulling) begin(ctx context.Context) (err error) {
	raw, d, err := p.from.Manifest(ctx)
	if err != nil {
		return err
	}
	if p.parts, err = artifact.DecodeManifest(raw); err != nil {
		return fmt.Errorf("%s: %w", p.from, err)
	}
	first, err := artifact.NewOpener(p.opts.Identities)
	if err != nil {
		return err
	}
	defer first.Close()
	wire, err := p.from.Get(ctx, p.parts.Table)
	if err != nil {
		return err
	}
	plain, err := first.Open(wire, p.parts.Encrypted, artifact.MaxTable, nil)
	if err != nil {
		return err
	}
	if p.table, err = artifact.DecodeTable(plain); err != nil {
		return err
	}
	p.done.Digest, p.done.Encrypted, p.done.Wire = d.Digest.String(), p.parts.Encrypted, p.parts.Wire()
	p.done.Bytes, p.done.Captures = p.total(), p.table.Bytes(artifact.Volume)
	if err := p.parts.Match(p.table); err != nil {
		return err
	}
	p.openers, err = newOpened(p.opts.Identities, p.ahead()+1)
	return err
}

func (p *pulling) total() int64 {
	return p.table.Bytes(artifact.Blob) + p.table.Bytes(artifact.Volume)
}

// ahead is how many chunks are fetched beside the one that is read.
func (p *pulling) ahead() int {
	largest := int64(artifact.MinChunk)
	for _, s := range p.table.Streams {
		for _, c := range s.Chunks {
			largest = max(largest, c.Size)
		}
	}
	return atOnce(largest) - 1
}

// free refuses a name that is another image's.
func (p *pulling) free(ctx context.Context) error {
	p.done.Ref = p.opts.Ref
	if p.done.Ref == "" {
		p.done.Ref = p.table.Ref
	}
	index := p.table.Streams[0]
	p.image = images.Image{Name: p.done.Ref, Labels: map[string]string{store.LabelCheckpoint: "true"},
		Target: ocispec.Descriptor{MediaType: index.MediaType, Digest: index.Digest, Size: index.Size}}
	old, err := p.client.ImageService().Get(ctx, p.done.Ref)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err == nil && old.Target.Digest != index.Digest {
		err = fmt.Errorf("image %s is another one: %w; give the pulled one another name", p.done.Ref, errdefs.ErrAlreadyExists)
	}
	return err
}

// streamOf opens the chunks of stream i.
func (p *pulling) streamOf(ctx context.Context, i int) *stream {
	at := 0
	for _, s := range p.table.Streams[:i] {
		at += len(s.Chunks)
	}
	s := p.table.Streams[i]
	ctx, stop := context.WithCancel(ctx)
	return &stream{
		ctx: ctx, stop: stop, from: p.from, openers: p.openers, encrypted: p.parts.Encrypted, ahead: p.ahead(),
		chunks: s.Chunks, layers: p.parts.Chunks[at : at+len(s.Chunks)],
		fetched: func(n int64) {
			p.read += n
			p.opts.Progress(p.read, p.total())
		},
	}
}

// keep makes captures and image, with the store locked against removal.
func (p *pulling) keep(ctx context.Context) (err error) {
	release, err := p.captures.Lock(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	draft, err := p.captures.Begin(p.done.ID) // no sweep takes it for rubbish
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, draft.Keep()) }()
	for i, s := range p.table.Streams {
		if s.Kind != artifact.Volume {
			continue
		}
		if err := p.volume(ctx, i, s); err != nil {
			return fmt.Errorf("capture %s: %w", s.Name, err)
		}
	}
	if err := failpoint.Hit("pull.image"); err != nil {
		return err
	}
	_, err = p.client.ImageService().Create(ctx, p.image)
	if errdefs.IsAlreadyExists(err) {
		return p.free(ctx) // the same one, meanwhile
	}
	return err
}
