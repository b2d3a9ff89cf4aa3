package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"filippo.io/age"
	containerd "github.com/containerd/containerd/v2/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
)

// PushOptions of a push.
type PushOptions struct {
	Recipients []age.Recipient // to encrypt to; none: in clear text
	Names      []string        // of the recipients, for the journal
	Plaintext  bool            // clear text may leave this host
	Journals   string          // folder of what interrupted pushes have done
	Progress   func(done, total int64)
}

// Pushed is what a push has done.
type Pushed struct {
	Place     string `json:"place"`
	Digest    string `json:"digest"` // of the artifact: PLACE@DIGEST is this one and no other
	ID        string `json:"id"`
	Bytes     int64  `json:"bytes"` // before they were compressed
	Wire      int64  `json:"wire_bytes"`
	Chunks    int    `json:"chunks"`
	Reused    int64  `json:"reused_chunks"` // were there already
	Encrypted bool   `json:"encrypted"`
}

// Push carries a checkpoint to a place. Its name there is given to it last:
// until then nobody can pull half of it. Whatever is read is held against the
// digest that it was sealed with.
func Push(ctx context.Context, client *containerd.Client, c store.Captures, k store.Kept, to Place, o PushOptions) (Pushed, error) {
	if err := mayPush(c, k, to, o); err != nil {
		return Pushed{}, err
	}
	all, err := sourcesOf(ctx, client, c, k)
	if err != nil {
		return Pushed{}, err
	}
	j, err := openJournal(o.Journals, strings.Join(append([]string{to.String(), k.ID()}, slices.Sorted(slices.Values(o.Names))...), "\n"))
	if err != nil {
		return Pushed{}, fmt.Errorf("journal of the push: %w", err)
	}
	p := &pushing{to: to, opts: o, journal: j, done: Pushed{Place: to.String(), ID: k.ID(), Encrypted: len(o.Recipients) > 0}}
	if err := p.run(ctx, all, k); err != nil {
		return p.done, errors.Join(err, j.close())
	}
	raw, err := store.RawManifest(ctx, client.ContentStore(), k.Checkpoint)
	if err == nil {
		err = p.name(ctx, k, raw)
	}
	if err != nil {
		return p.done, errors.Join(err, j.close())
	}
	return p.done, j.remove()
}

func mayPush(c store.Captures, k store.Kept, to Place, o PushOptions) error {
	switch {
	case k.Problem != nil:
		return k.Problem
	case k.Manifest == nil:
		return fmt.Errorf("%s: %w: it has no consistency manifest", k.Image.Name, store.ErrNoCheckpoint)
	case len(o.Recipients) == 0 && !o.Plaintext && !to.Local():
		return fmt.Errorf("%w: to %s; encrypt it with --recipient, or say --plaintext", ErrClear, to)
	case !artifact.ValidName(k.Image.Name):
		return fmt.Errorf("%w: no image elsewhere can be called %.80q; tag it otherwise", ErrPlace, k.Image.Name)
	}
	why, err := c.Poisoned(k.ID())
	if err == nil && why != "" {
		err = fmt.Errorf("checkpoint %s is poisoned: %s", k.ID(), strings.TrimSpace(why))
	}
	return err
}

type pushing struct {
	to      Place
	opts    PushOptions
	journal *journal
	table   artifact.Table
	layers  []ocispec.Descriptor // the chunks', in order
	total   int64
	read    atomic.Int64
	reused  atomic.Int64
	done    Pushed
}

// run carries all chunks.
func (p *pushing) run(ctx context.Context, all []source, k store.Kept) error {
	for _, s := range all {
		p.total += s.Size
	}
	size := artifact.ChunkSize(p.total)
	if size == 0 {
		return fmt.Errorf("%w: it has %d bytes, an artifact takes %d", ErrPlace, p.total, artifact.MaxTotal)
	}
	p.table = artifact.Table{Schema: artifact.Schema, Ref: k.Image.Name, ID: k.ID(), Created: k.Manifest.Created}
	w := newWorkers(ctx, p, size)
	err := p.streams(w, all, size)
	if failed := w.end(); failed != nil {
		err = failed // what it made fail is of no interest
	}
	p.done.Reused, p.done.Bytes, p.done.Chunks = p.reused.Load(), p.total, len(p.layers)
	for _, d := range p.layers {
		p.done.Wire += d.Size
	}
	return err
}

// streams reads one stream after the other and hands its chunks to the workers.
func (p *pushing) streams(w *workers, all []source, size int64) error {
	chunks := 0
	for _, s := range all {
		n := int((s.Size + size - 1) / size)
		s.Chunks = make([]artifact.Chunk, n)
		p.table.Streams = append(p.table.Streams, s.Stream)
		chunks += n
	}
	p.layers = make([]ocispec.Descriptor, chunks)
	at := 0
	for i, s := range all {
		d, err := w.stream(s, p.table.Streams[i].Chunks, p.layers[at:])
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		p.table.Streams[i].Digest = d
		at += len(p.table.Streams[i].Chunks)
	}
	return nil
}

// name uploads the table and gives the artifact its name, and then hangs the
// manifest on it as a referrer.
func (p *pushing) name(ctx context.Context, k store.Kept, raw []byte) error {
	table, err := p.table.Encode()
	if err != nil {
		return err
	}
	first, err := p.part(ctx, artifact.TypeTable, table)
	if err != nil {
		return err
	}
	d, err := p.manifest(ctx, artifact.Type, append([]ocispec.Descriptor{first}, p.layers...), nil, k, true)
	if err != nil {
		return err
	}
	p.done.Digest = d.Digest.String()
	if err := failpoint.Hit("push.referrer"); err != nil {
		return err
	}
	own, err := p.part(ctx, artifact.TypeManifest, raw)
	if err != nil {
		return err
	}
	_, err = p.manifest(ctx, artifact.TypeManifest, []ocispec.Descriptor{own}, &d, k, false)
	return err
}

func (p *pushing) manifest(ctx context.Context, kind string, layers []ocispec.Descriptor, subject *ocispec.Descriptor, k store.Kept, named bool) (ocispec.Descriptor, error) {
	config, empty := artifact.EmptyConfig()
	if err := p.to.Put(ctx, config, empty); err != nil {
		return config, err
	}
	raw, err := artifact.Manifest(kind, layers, subject, k.Manifest.Created, p.annotations(k))
	if err != nil {
		return config, err
	}
	if len(raw) > artifact.MaxIndex {
		return config, fmt.Errorf("%w: its OCI manifest has %d bytes", ErrPlace, len(raw))
	}
	if err := failpoint.Hit("push.manifest"); err != nil {
		return config, err
	}
	return p.to.PutManifest(ctx, raw, named)
}

// annotations of an encrypted artifact tell nothing.
func (p *pushing) annotations(k store.Kept) map[string]string {
	if p.done.Encrypted {
		return map[string]string{"lull/encrypted": "age"}
	}
	all := store.CheckpointAnnotations(k.Checkpoint, k.Manifest)
	all["lull/checkpoint"], all["lull/engine"], all["lull/level"] = k.ID(), k.Manifest.Database.Engine, string(k.Manifest.Reached.Level)
	return all
}
