package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/store/artifact"
)

// registry is a repository of an OCI registry. Credentials are those of Docker's
// configuration file.
type registry struct {
	ref  name.Reference
	push *remote.Pusher
	pull *remote.Puller
}

func openRegistry(to string, plain bool) (Place, error) {
	ref, err := name.ParseReference(to, name.WithDefaultTag("latest"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; name it HOST/REPOSITORY:TAG, or oci:FOLDER:TAG", ErrPlace, err)
	}
	options := []remote.Option{remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithUserAgent("lull")}
	if !plain {
		options = append(options, remote.WithTransport(secured{remote.DefaultTransport}))
	}
	r := &registry{ref: ref}
	if r.push, err = remote.NewPusher(options...); err != nil {
		return nil, err
	}
	r.pull, err = remote.NewPuller(options...)
	return r, err
}

func (r *registry) String() string { return r.ref.Name() }

// Local is true of loopback addresses.
func (r *registry) Local() bool { return loopback(r.ref.Context().RegistryStr()) }

func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *registry) digest(d ocispec.Descriptor) name.Digest {
	return r.ref.Context().Digest(d.Digest.String())
}

func (r *registry) Has(ctx context.Context, d ocispec.Descriptor) (bool, error) {
	layer, err := r.pull.Layer(ctx, r.digest(d))
	if err != nil {
		return false, r.failed(err)
	}
	size, err := layer.Size() // asks by HEAD
	if absent(err) {
		return false, nil
	}
	return size == d.Size, r.failed(err)
}

func (r *registry) Put(ctx context.Context, d ocispec.Descriptor, raw []byte) error {
	return r.failed(r.push.Upload(ctx, r.ref.Context(), static.NewLayer(raw, types.MediaType(d.MediaType))))
}

func (r *registry) Get(ctx context.Context, d ocispec.Descriptor) (raw []byte, err error) {
	layer, err := r.pull.Layer(ctx, r.digest(d))
	if err != nil {
		return nil, r.failed(err)
	}
	body, err := layer.Compressed()
	if err != nil {
		return nil, r.failed(err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	raw, err = readAll(body, d)
	return raw, r.failed(err)
}

// readAll reads a blob of a known size and holds it against its digest.
func readAll(r io.Reader, d ocispec.Descriptor) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(int(d.Size) + bytes.MinRead)
	n, err := io.Copy(&buf, io.LimitReader(r, d.Size+1))
	if err != nil {
		return nil, err
	}
	if n != d.Size || digest.FromBytes(buf.Bytes()) != d.Digest {
		return nil, fmt.Errorf("%w: blob %s is not what its digest says", artifact.ErrFormat, d.Digest)
	}
	return buf.Bytes(), nil
}

type rawManifest []byte

func (m rawManifest) RawManifest() ([]byte, error)        { return m, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

func (r *registry) PutManifest(ctx context.Context, raw []byte, named bool) (ocispec.Descriptor, error) {
	d := manifestDescriptor(raw)
	var ref name.Reference = r.digest(d)
	if named {
		ref = r.ref
	}
	return d, r.failed(r.push.Push(ctx, ref, rawManifest(raw)))
}

func manifestDescriptor(raw []byte) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest, ArtifactType: artifact.Type,
		Digest: digest.FromBytes(raw), Size: int64(len(raw)),
	}
}

func (r *registry) Manifest(ctx context.Context) ([]byte, ocispec.Descriptor, error) {
	got, err := r.pull.Get(ctx, r.ref)
	if err != nil {
		return nil, ocispec.Descriptor{}, r.failed(err)
	}
	d := manifestDescriptor(got.Manifest)
	if want, err := v1.NewHash(d.Digest.String()); err != nil || want != got.Digest {
		return nil, d, fmt.Errorf("%w: the manifest of %s is not what its digest says", artifact.ErrFormat, r)
	}
	return got.Manifest, d, nil
}

func absent(err error) bool {
	var t *transport.Error
	return errors.As(err, &t) && t.StatusCode == http.StatusNotFound
}

func (r *registry) failed(err error) error {
	var t *transport.Error
	switch {
	case err == nil || errors.Is(err, artifact.ErrFormat):
		return err
	case absent(err):
		return fmt.Errorf("%w: %s: %w", ErrPlace, r, ErrAbsent)
	case errors.As(err, &t) && (t.StatusCode == http.StatusUnauthorized || t.StatusCode == http.StatusForbidden):
		return fmt.Errorf("%w: %s refuses the login; see `docker login`: %w", ErrPlace, r, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrPlace, r, err)
}
