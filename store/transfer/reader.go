package transfer

import (
	"context"
	"io"

	"filippo.io/age"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/store/artifact"
)

// opened gives decoders out, one for each that is at work.
type opened struct {
	identities []age.Identity
	free       chan *artifact.Opener
}

func newOpened(identities []age.Identity, n int) (*opened, error) {
	o := &opened{identities: identities, free: make(chan *artifact.Opener, n)}
	for range n {
		one, err := artifact.NewOpener(identities)
		if err != nil {
			return nil, err
		}
		o.free <- one
	}
	return o, nil
}

func (o *opened) close() {
	for range cap(o.free) {
		(<-o.free).Close()
	}
}

// stream reads one stream's chunks in order, a few ahead of its reader. It is
// a volume.Packed.
type stream struct {
	ctx       context.Context
	stop      context.CancelFunc
	from      Place
	openers   *opened
	encrypted bool
	chunks    []artifact.Chunk
	layers    []ocispec.Descriptor
	ahead     int
	fetched   func(int64)

	next    int           // chunk that is fetched next
	coming  []chan result // of next-len(coming) … next-1
	current []byte
}

type result struct {
	plain []byte
	err   error
}

func (s *stream) close() {
	s.stop()
	for _, c := range s.coming {
		<-c
	}
}

// fetch starts what may be under way.
func (s *stream) fetch() {
	for s.next < len(s.chunks) && len(s.coming) <= s.ahead {
		c, i := make(chan result, 1), s.next
		go func() {
			plain, err := s.chunk(i)
			c <- result{plain, err}
		}()
		s.coming, s.next = append(s.coming, c), s.next+1
	}
}

func (s *stream) chunk(i int) ([]byte, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	wire, err := s.from.Get(s.ctx, s.layers[i])
	if err != nil {
		return nil, err
	}
	o := <-s.openers.free
	defer func() { s.openers.free <- o }()
	return o.OpenChunk(wire, s.encrypted, s.chunks[i], make([]byte, 0, s.chunks[i].Size+512))
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.current) == 0 {
		s.fetch()
		if len(s.coming) == 0 {
			return 0, io.EOF
		}
		r := <-s.coming[0]
		s.coming = s.coming[1:]
		if r.err != nil {
			drain(s.coming)
			s.coming, s.next = nil, len(s.chunks)
			return 0, r.err
		}
		s.current = r.plain
		s.fetched(int64(len(r.plain)))
	}
	n := copy(p, s.current)
	s.current = s.current[n:]
	return n, nil
}

func drain(coming []chan result) {
	for _, c := range coming {
		<-c
	}
}

// Skip passes over n bytes, and fetches none of what is passed over whole.
func (s *stream) Skip(n int64) error {
	for n > 0 {
		if have := min(n, int64(len(s.current))); have > 0 {
			s.current, n = s.current[have:], n-have
			continue
		}
		if len(s.coming) == 0 && s.next < len(s.chunks) && n >= s.chunks[s.next].Size {
			n -= s.chunks[s.next].Size
			s.fetched(s.chunks[s.next].Size)
			s.next++
			continue
		}
		var one [1]byte
		if _, err := io.ReadFull(s, one[:]); err != nil {
			return err
		}
		n--
	}
	return nil
}
