package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/lull-containers/lull/internal/flock"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/store/artifact"
)

// layoutScheme begins the name of an OCI layout folder.
const layoutScheme = "oci:"

// layout is an OCI image layout on disk. Its files can be read by their owner
// only: what is in them is a database.
type layout struct{ dir, tag string }

var tagName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`) })

func openLayout(to string) (Place, error) {
	dir, tag, ok := strings.Cut(strings.TrimPrefix(to, layoutScheme), ":")
	if !ok {
		tag = "latest"
	}
	if dir == "" || !tagName().MatchString(tag) {
		return nil, fmt.Errorf("%w: %q; name it oci:FOLDER:TAG", ErrPlace, to)
	}
	dir, err := filepath.Abs(dir)
	return &layout{dir: dir, tag: tag}, err
}

func (l *layout) String() string { return layoutScheme + l.dir + ":" + l.tag }

// Local is false: folders are mounted from elsewhere and carried away.
func (l *layout) Local() bool { return false }

func (l *layout) blob(d ocispec.Descriptor) (string, error) {
	if err := d.Digest.Validate(); err != nil {
		return "", fmt.Errorf("%w: %w", artifact.ErrFormat, err)
	}
	return filepath.Join(l.dir, "blobs", d.Digest.Algorithm().String(), d.Digest.Encoded()), nil
}

func (l *layout) Has(_ context.Context, d ocispec.Descriptor) (bool, error) {
	path, err := l.blob(d)
	if err != nil {
		return false, err
	}
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && st.Mode().IsRegular() && st.Size() == d.Size, err
}

func (l *layout) Put(ctx context.Context, d ocispec.Descriptor, raw []byte) error {
	if has, err := l.Has(ctx, d); err != nil || has {
		return err
	}
	path, err := l.blob(d)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return l.failed(err)
	}
	return l.failed(durable.WriteFile(path, raw, 0o600))
}

func (l *layout) Get(_ context.Context, d ocispec.Descriptor) ([]byte, error) {
	path, err := l.blob(d)
	if err != nil {
		return nil, err
	}
	f, err := l.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, d)
}

// open opens a regular file, whatever somebody has put into the folder.
func (l *layout) open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, l.failed(err)
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%w: %s is no regular file", artifact.ErrFormat, path), f.Close())
	}
	return f, nil
}

func (l *layout) PutManifest(ctx context.Context, raw []byte, named bool) (ocispec.Descriptor, error) {
	d := manifestDescriptor(raw)
	if err := l.Put(ctx, d, raw); err != nil {
		return d, err
	}
	return d, l.failed(l.locked(func() error { return l.name(d, raw, named) }))
}

// name puts a manifest into the folder's index; one that is named takes the
// name of the one that had it.
func (l *layout) name(d ocispec.Descriptor, raw []byte, named bool) error {
	index, err := l.index()
	if err != nil {
		return err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	d.ArtifactType, d.Annotations = m.ArtifactType, nil
	index.Manifests = slices.DeleteFunc(index.Manifests, func(o ocispec.Descriptor) bool {
		return o.Digest == d.Digest && !named || named && o.Annotations[ocispec.AnnotationRefName] == l.tag
	})
	if named {
		d.Annotations = map[string]string{ocispec.AnnotationRefName: l.tag}
	}
	index.Manifests = append(index.Manifests, d)
	out, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		durable.WriteFile(filepath.Join(l.dir, ocispec.ImageLayoutFile), []byte(`{"imageLayoutVersion":"`+ocispec.ImageLayoutVersion+`"}`), 0o600),
		durable.WriteFile(filepath.Join(l.dir, ocispec.ImageIndexFile), out, 0o600))
}

func (l *layout) locked(do func() error) error {
	dir, err := flock.OpenWait(l.dir, flock.Exclusive)
	if err != nil {
		return err
	}
	return errors.Join(do(), flock.Close(dir))
}

func (l *layout) index() (index ocispec.Index, err error) {
	index.Versioned, index.MediaType = specs.Versioned{SchemaVersion: 2}, ocispec.MediaTypeImageIndex
	st, err := os.Stat(filepath.Join(l.dir, ocispec.ImageIndexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return index, nil
	}
	if err == nil && st.Size() > artifact.MaxIndex {
		err = fmt.Errorf("%w: index.json has %d bytes", artifact.ErrFormat, st.Size())
	}
	if err != nil {
		return index, err
	}
	raw, err := os.ReadFile(filepath.Join(l.dir, ocispec.ImageIndexFile))
	if err == nil {
		err = json.Unmarshal(raw, &index)
	}
	return index, err
}

func (l *layout) Manifest(ctx context.Context) ([]byte, ocispec.Descriptor, error) {
	index, err := l.index()
	if err != nil {
		return nil, ocispec.Descriptor{}, l.failed(err)
	}
	for _, d := range index.Manifests {
		if d.Annotations[ocispec.AnnotationRefName] != l.tag {
			continue
		}
		if d.Size < 0 || d.Size > artifact.MaxIndex {
			return nil, d, fmt.Errorf("%w: its OCI manifest has %d bytes", artifact.ErrFormat, d.Size)
		}
		raw, err := l.Get(ctx, d)
		return raw, d, err
	}
	return nil, ocispec.Descriptor{}, fmt.Errorf("%w: %s: %w", ErrPlace, l, ErrAbsent)
}

func (l *layout) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrPlace, l, err)
}
