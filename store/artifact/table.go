package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

// Kind is what a stream is.
type Kind string

// The kinds of streams.
const (
	Blob   Kind = "blob"   // goes into the content store
	Volume Kind = "volume" // the contents of a captured volume, as volume.Pack writes them
)

// Table says what the chunks are. The layers of the OCI manifest behind the
// table are the chunks of all streams, in order.
type Table struct {
	Schema  string    `json:"schema"`
	Ref     string    `json:"ref"` // the image's name where it was pushed
	ID      string    `json:"id,omitempty"`
	Created time.Time `json:"created"`
	Streams []Stream  `json:"streams"` // the checkpoint's index comes first
}

// Stream is one sequence of bytes, cut into chunks.
type Stream struct {
	Kind      Kind          `json:"kind"`
	Name      string        `json:"name"` // of a volume: volume-0; else for people
	MediaType string        `json:"media_type,omitempty"`
	Digest    digest.Digest `json:"digest"`
	Size      int64         `json:"size"`
	Chunks    []Chunk       `json:"chunks"`
}

// Chunk is a piece of a stream before it was compressed.
type Chunk struct {
	Digest digest.Digest `json:"digest"`
	Size   int64         `json:"size"`
}

// Encode writes a table that Decode reads.
func (t *Table) Encode() ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(t)
	if err == nil && len(raw) > MaxTable {
		err = malformed("its table has %d bytes", len(raw))
	}
	return raw, err
}

// DecodeTable reads a table, strictly.
func DecodeTable(raw []byte) (*Table, error) {
	if len(raw) > MaxTable {
		return nil, malformed("its table has %d bytes", len(raw))
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	t := &Table{}
	if err := dec.Decode(t); err != nil {
		return nil, malformed("table: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("something follows the table")
	}
	return t, t.Validate()
}

// They are compiled when they are needed: every agent starts with this package in
// it, and a bounded repetition takes most of a millisecond.
var (
	volumeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^volume-(0|[1-9][0-9]{0,3})$`) })
	imageName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.:/@+-]{0,254}$`) })
	mediaType  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9.+/_-]{0,126}$`) })
)

// ValidName tells whether an image can be called so.
func ValidName(ref string) bool { return imageName().MatchString(ref) }

// Validate checks all that can be known without the chunks.
func (t *Table) Validate() error {
	switch {
	case t.Schema != Schema:
		return malformed("its schema is %.40q, this lull reads %q", t.Schema, Schema)
	case !ValidName(t.Ref):
		return malformed("%.80q is no name of an image", t.Ref)
	case len(t.Streams) == 0 || t.Streams[0].Kind != Blob:
		return malformed("it does not begin with an index")
	}
	seen, chunks := map[string]bool{}, 0
	for i := range t.Streams {
		s := &t.Streams[i]
		if err := s.validate(); err != nil {
			return malformed("stream %d: %w", i, err)
		}
		key := string(s.Digest)
		if s.Kind == Volume {
			key = s.Name
		}
		if seen[key] {
			return malformed("stream %d comes twice", i)
		}
		seen[key] = true
		chunks += len(s.Chunks)
	}
	if chunks > MaxChunks {
		return malformed("it has %d chunks", chunks)
	}
	return nil
}

func (s *Stream) validate() error {
	switch {
	case s.Kind != Blob && s.Kind != Volume:
		return errors.New("its kind is unknown")
	case s.Kind == Volume && !volumeName().MatchString(s.Name):
		return errors.New("its name is no volume's")
	case s.Kind == Blob && !mediaType().MatchString(s.MediaType):
		return errors.New("its media type is none")
	case len(s.Name) > 255 || !sha256(s.Digest):
		return errors.New("its name or digest is none")
	}
	return s.validateChunks()
}

func (s *Stream) validateChunks() error {
	var sum int64
	for i, c := range s.Chunks {
		last := i == len(s.Chunks)-1
		if !sha256(c.Digest) || c.Size <= 0 || c.Size > MaxChunk || !last && c.Size < MinChunk || !last && c.Size != s.Chunks[0].Size {
			return errors.New("a chunk has no possible size or digest")
		}
		sum += c.Size
	}
	if sum != s.Size {
		return errors.New("its chunks are not its size")
	}
	return nil
}

func sha256(d digest.Digest) bool { return d.Algorithm() == digest.SHA256 && d.Validate() == nil }

// Chunks counts those of all streams.
func (t *Table) Chunks() (n int) {
	for _, s := range t.Streams {
		n += len(s.Chunks)
	}
	return n
}

// Bytes of the streams of one kind, not compressed.
func (t *Table) Bytes(k Kind) (sum int64) {
	for _, s := range t.Streams {
		if s.Kind == k {
			sum += s.Size
		}
	}
	return sum
}

// ChunkSize is the size of chunks for so many bytes; 0 when it is too much for
// an artifact.
func ChunkSize(total int64) int64 {
	for size := int64(MinChunk); size <= MaxChunk; size *= 2 {
		if total/size < MaxChunks*3/4 { // streams end in the middle of one
			return size
		}
	}
	return 0
}

// MaxTotal is the bytes that fit into an artifact.
const MaxTotal = int64(MaxChunk) * MaxChunks * 3 / 4
