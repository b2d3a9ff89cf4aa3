package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/lull-containers/lull/internal/failpoint"
	"github.com/lull-containers/lull/store/artifact"
)

// inMemory bounds the chunks that are worked on at a time, in bytes, as long as
// they are small.
const inMemory = 12 << 20

// atOnce is how many chunks of a size are worked on at a time. Two at the least:
// one is compressed while another one travels.
func atOnce(size int64) int { return max(2, int(inMemory/size)) }

// workers compress, encrypt and upload chunks.
type workers struct {
	ctx   context.Context
	group *errgroup.Group
	jobs  chan job
	free  chan []byte // buffers, as many as may be in use
}

type job struct {
	plain []byte
	chunk *artifact.Chunk
	layer *ocispec.Descriptor
}

func newWorkers(ctx context.Context, p *pushing, size int64) *workers {
	n := atOnce(size)
	w := &workers{jobs: make(chan job), free: make(chan []byte, n)}
	w.group, w.ctx = errgroup.WithContext(ctx)
	for range n {
		w.free <- make([]byte, size)
		w.group.Go(func() error { return p.work(w) })
	}
	return w
}

func (w *workers) end() error {
	close(w.jobs)
	return w.group.Wait()
}

// stream cuts one stream. Its digest is known, or computed.
func (w *workers) stream(s source, chunks []artifact.Chunk, layers []ocispec.Descriptor) (d digest.Digest, err error) {
	r, err := s.open(w.ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	whole := digest.SHA256.Digester()
	left := s.Size
	for i := range chunks {
		buf, err := w.buffer()
		if err != nil {
			return "", err
		}
		buf = buf[:min(left, int64(cap(buf)))]
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", err
		}
		left -= int64(len(buf))
		whole.Hash().Write(buf)
		chunks[i].Size = int64(len(buf))
		select {
		case w.jobs <- job{buf, &chunks[i], &layers[i]}:
		case <-w.ctx.Done():
			return "", w.ctx.Err()
		}
	}
	if err := atEnd(r); err != nil {
		return "", err
	}
	if d = whole.Digest(); s.Digest != "" && s.Digest != d {
		return "", fmt.Errorf("it does not match its digest %s: what is stored has changed; see `lull verify`", s.Digest)
	}
	return d, nil
}

// atEnd: what a stream says at its end counts, a file that is not what it was
// for example.
func atEnd(r io.Reader) error {
	var more [1]byte
	n, err := r.Read(more[:])
	if n > 0 {
		return errors.New("it is longer than it was")
	}
	if errors.Is(err, io.EOF) || err == nil {
		return nil
	}
	return err
}

func (w *workers) buffer() ([]byte, error) {
	select {
	case b := <-w.free:
		return b, nil
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
}

// work takes chunks until there are no more.
func (p *pushing) work(w *workers) error {
	sealer, err := artifact.NewSealer(p.opts.Recipients)
	if err != nil {
		return err
	}
	var wire bytes.Buffer
	for {
		select {
		case <-w.ctx.Done():
			return w.ctx.Err()
		case j, more := <-w.jobs:
			if !more {
				return nil
			}
			if err := p.chunk(w.ctx, sealer, &wire, j); err != nil {
				return err
			}
			p.opts.Progress(p.read.Add(j.chunk.Size), p.total)
			w.free <- j.plain[:cap(j.plain)]
		}
	}
}

// chunk uploads one, unless an earlier push did.
func (p *pushing) chunk(ctx context.Context, s *artifact.Sealer, wire *bytes.Buffer, j job) error {
	j.chunk.Digest = digest.FromBytes(j.plain)
	if d, ok := p.journal.find(*j.chunk); ok {
		d.MediaType = artifact.Describe(artifact.TypeChunk, nil, s.Encrypts()).MediaType
		if has, err := p.to.Has(ctx, d); err == nil && has {
			*j.layer = d
			p.reused.Add(1)
			return nil
		}
	}
	if err := s.Seal(wire, j.plain); err != nil {
		return err
	}
	*j.layer = artifact.Describe(artifact.TypeChunk, wire.Bytes(), s.Encrypts())
	if err := p.to.Put(ctx, *j.layer, wire.Bytes()); err != nil {
		return err
	}
	if err := p.journal.add(*j.chunk, *j.layer); err != nil {
		return err
	}
	return failpoint.Hit("push.chunk")
}

// part uploads something small.
func (p *pushing) part(ctx context.Context, kind string, plain []byte) (ocispec.Descriptor, error) {
	s, err := artifact.NewSealer(p.opts.Recipients)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	var wire bytes.Buffer
	if err := s.Seal(&wire, plain); err != nil {
		return ocispec.Descriptor{}, err
	}
	d := artifact.Describe(kind, wire.Bytes(), s.Encrypts())
	return d, p.to.Put(ctx, d, wire.Bytes())
}
