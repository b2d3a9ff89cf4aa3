package transfer

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/store/artifact"
)

// Archive is a place in a tar that is written: an OCI layout, one entry after
// the other. Close writes its index.
type Archive struct {
	name string

	mu    sync.Mutex // guards all below
	out   *tar.Writer
	has   map[digest.Digest]bool
	index ocispec.Index
}

// NewArchive writes to out, which the caller closes.
func NewArchive(name string, out *tar.Writer) *Archive {
	return &Archive{name: name, out: out, has: map[digest.Digest]bool{},
		index: ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}}
}

func (a *Archive) String() string { return a.name }

// Local is true: whoever exports names the file, which is its owner's only.
func (a *Archive) Local() bool { return true }

// Has tells what was put before.
func (a *Archive) Has(_ context.Context, d ocispec.Descriptor) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.has[d.Digest], nil
}

// Put appends a blob.
func (a *Archive) Put(_ context.Context, d ocispec.Descriptor, raw []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.has[d.Digest] {
		return nil
	}
	a.has[d.Digest] = true
	return a.write(blobName(d.Digest), raw)
}

func blobName(d digest.Digest) string {
	return path.Join(ocispec.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

// write needs mu held.
func (a *Archive) write(name string, raw []byte) error {
	err := a.out.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(raw))})
	if err == nil {
		_, err = a.out.Write(raw)
	}
	return err
}

// Get is not for archives that are written.
func (a *Archive) Get(context.Context, ocispec.Descriptor) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Manifest is not for archives that are written.
func (a *Archive) Manifest(context.Context) ([]byte, ocispec.Descriptor, error) {
	return nil, ocispec.Descriptor{}, errors.ErrUnsupported
}

// PutManifest appends a manifest and notes it for the index.
func (a *Archive) PutManifest(ctx context.Context, raw []byte, named bool) (ocispec.Descriptor, error) {
	d := manifestDescriptor(raw)
	if err := a.Put(ctx, d, raw); err != nil {
		return d, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	entry := d
	if named {
		entry.Annotations = map[string]string{ocispec.AnnotationRefName: archiveTag}
	} else {
		entry.ArtifactType = artifact.TypeManifest
	}
	a.index.Manifests = append(a.index.Manifests, entry)
	return d, nil
}

const archiveTag = "latest"

// Close completes the layout.
func (a *Archive) Close() error {
	raw, err := json.Marshal(a.index)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.write(ocispec.ImageLayoutFile, []byte(`{"imageLayoutVersion":"`+ocispec.ImageLayoutVersion+`"}`)),
		a.write(ocispec.ImageIndexFile, raw))
}

// exported is such a tar that is read: what it has is found once, and then
// read where it is.
type exported struct {
	name  string
	file  io.ReaderAt
	index ocispec.Index
	at    map[string]span // by name
}

type span struct{ at, size int64 }

// maxEntries bounds the entries of an exported tar.
const maxEntries = 64 << 10

// OpenExported reads the table of a tar that an Archive wrote. Nothing of it
// is unpacked, and a name in it stands for a digest or for nothing.
func OpenExported(name string, file io.ReadSeeker) (Place, error) {
	e, err := entries(name, file)
	if err != nil {
		return nil, err
	}
	return e, e.readIndex()
}

// entries finds where the files of a tar are.
func entries(name string, file io.ReadSeeker) (*exported, error) {
	at, ok := file.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("%w: %s cannot be read anywhere but at its beginning", ErrPlace, name)
	}
	e := &exported{name: name, file: at, at: map[string]span{}}
	in := tar.NewReader(file)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return e, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", artifact.ErrFormat, name, err)
		}
		if len(e.at) > maxEntries {
			return nil, fmt.Errorf("%w: %s has more than %d entries", artifact.ErrFormat, name, maxEntries)
		}
		where, err := file.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg {
			e.at[h.Name] = span{where, h.Size}
		}
	}
}

func (e *exported) readIndex() error {
	s, ok := e.at[ocispec.ImageIndexFile]
	if !ok || s.size > artifact.MaxIndex {
		return fmt.Errorf("%w: %s was not made by `lull export`, or holds CRIU's images only", artifact.ErrFormat, e.name)
	}
	raw := make([]byte, s.size)
	if _, err := e.file.ReadAt(raw, s.at); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &e.index); err != nil {
		return fmt.Errorf("%w: %s: %w", artifact.ErrFormat, e.name, err)
	}
	return nil
}

func (e *exported) String() string { return e.name }
func (e *exported) Local() bool    { return true }

func (e *exported) Has(_ context.Context, d ocispec.Descriptor) (bool, error) {
	s, ok := e.at[blobName(d.Digest)]
	return ok && s.size == d.Size, nil
}

func (e *exported) Get(_ context.Context, d ocispec.Descriptor) ([]byte, error) {
	if err := d.Digest.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", artifact.ErrFormat, err)
	}
	s, ok := e.at[blobName(d.Digest)]
	if !ok || s.size != d.Size {
		return nil, fmt.Errorf("%w: %s lacks %s", artifact.ErrFormat, e.name, d.Digest)
	}
	return readAll(io.NewSectionReader(e.file, s.at, s.size), d)
}

func (e *exported) Manifest(ctx context.Context) ([]byte, ocispec.Descriptor, error) {
	for _, d := range e.index.Manifests {
		if d.Annotations[ocispec.AnnotationRefName] == archiveTag && d.Size > 0 && d.Size <= artifact.MaxIndex {
			raw, err := e.Get(ctx, d)
			return raw, d, err
		}
	}
	return nil, ocispec.Descriptor{}, fmt.Errorf("%w: %s holds no checkpoint", artifact.ErrFormat, e.name)
}

func (e *exported) Put(context.Context, ocispec.Descriptor, []byte) error {
	return errors.ErrUnsupported
}

func (e *exported) PutManifest(context.Context, []byte, bool) (ocispec.Descriptor, error) {
	return ocispec.Descriptor{}, errors.ErrUnsupported
}
