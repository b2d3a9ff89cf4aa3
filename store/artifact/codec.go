package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
)

// ErrKey says that an artifact is encrypted to others.
var ErrKey = errors.New("the artifact is encrypted, and none of the identities opens it")

// window bounds what a decoder keeps of what it has decoded.
const window = 1 << 20

// Sealer compresses parts and, with recipients, encrypts them. It is not safe
// for concurrent use.
type Sealer struct {
	recipients []age.Recipient
	zip        *zstd.Encoder
}

// NewSealer makes a sealer; no recipients: nothing is encrypted.
func NewSealer(to []age.Recipient) (*Sealer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	return &Sealer{recipients: to, zip: zip}, err
}

// Encrypts tells whether it does.
func (s *Sealer) Encrypts() bool { return len(s.recipients) > 0 }

// Seal writes a part's form on the wire into out.
func (s *Sealer) Seal(out *bytes.Buffer, plain []byte) error {
	out.Reset()
	if !s.Encrypts() {
		return s.compress(out, plain)
	}
	w, err := age.Encrypt(out, s.recipients...)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return errors.Join(s.compress(w, plain), w.Close())
}

func (s *Sealer) compress(w io.Writer, plain []byte) error {
	s.zip.Reset(w)
	_, err := s.zip.Write(plain)
	return errors.Join(err, s.zip.Close())
}

// Opener is the inverse of Sealer, for parts that may come from anybody. It is
// not safe for concurrent use.
type Opener struct {
	identities []age.Identity
	zip        *zstd.Decoder
}

// NewOpener makes an opener; without identities it opens what is not encrypted.
func NewOpener(with []age.Identity) (*Opener, error) {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window))
	return &Opener{identities: with, zip: zip}, err
}

// Close lets go of the decoder.
func (o *Opener) Close() { o.zip.Close() }

// Open decodes a part of at most limit bytes, into buf when it is large enough.
func (o *Opener) Open(wire []byte, encrypted bool, limit int64, buf []byte) ([]byte, error) {
	var in io.Reader = bytes.NewReader(wire)
	if encrypted {
		r, err := o.decrypt(in)
		if err != nil {
			return nil, err
		}
		in = r
	}
	if err := o.zip.Reset(in); err != nil {
		return nil, malformed("%w", err)
	}
	plain := bytes.NewBuffer(buf[:0])
	n, err := io.Copy(plain, io.LimitReader(o.zip, limit+1))
	if err != nil {
		return nil, malformed("%w", err)
	}
	if n > limit {
		return nil, malformed("a part is larger than the %d bytes that it should have", limit)
	}
	return plain.Bytes(), nil
}

func (o *Opener) decrypt(in io.Reader) (io.Reader, error) {
	if len(o.identities) == 0 {
		return nil, fmt.Errorf("%w; name a file with one by --identity", ErrKey)
	}
	r, err := age.Decrypt(in, o.identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("%w; name another file by --identity", ErrKey)
	}
	if err != nil {
		return nil, malformed("%w", err)
	}
	return r, nil
}

// OpenChunk decodes a chunk and holds it against its digest.
func (o *Opener) OpenChunk(wire []byte, encrypted bool, c Chunk, buf []byte) ([]byte, error) {
	plain, err := o.Open(wire, encrypted, c.Size, buf)
	if err == nil && (int64(len(plain)) != c.Size || digest.FromBytes(plain) != c.Digest) {
		err = malformed("a chunk is not what its digest says")
	}
	return plain, err
}
