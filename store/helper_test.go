package store

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
)

// imageMap is an images.Store that can be asked only.
type imageMap map[string]images.Image

func (m imageMap) Get(_ context.Context, name string) (images.Image, error) {
	img, ok := m[name]
	if !ok {
		return img, errdefs.ErrNotFound
	}
	return img, nil
}

func (imageMap) List(context.Context, ...string) ([]images.Image, error) { panic("not used") }
func (imageMap) Create(context.Context, images.Image) (images.Image, error) {
	panic("not used")
}
func (imageMap) Update(context.Context, images.Image, ...string) (images.Image, error) {
	panic("not used")
}
func (imageMap) Delete(context.Context, string, ...images.DeleteOpt) error { panic("not used") }

func newBlobs(t *testing.T) content.Store {
	t.Helper()
	blobs, err := local.NewStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return blobs
}

func put(t *testing.T, blobs content.Store, mediaType string, raw []byte) ocispec.Descriptor {
	t.Helper()
	d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(raw), Size: int64(len(raw))}
	if err := content.WriteBlob(t.Context(), blobs, d.Digest.String(), bytes.NewReader(raw), d); err != nil {
		t.Fatal(err)
	}
	return d
}

func putIndex(t *testing.T, blobs content.Store, annotations map[string]string, parts ...ocispec.Descriptor) images.Image {
	t.Helper()
	raw, err := json.Marshal(ocispec.Index{Manifests: parts, Annotations: annotations})
	if err != nil {
		t.Fatal(err)
	}
	return images.Image{Name: "cp", Target: put(t, blobs, ocispec.MediaTypeImageIndex, raw)}
}

// example is a manifest that can be sealed.
func example() *manifest.Manifest {
	return &manifest.Manifest{
		Schema: manifest.Schema, Status: manifest.Pending, ID: "00112233445566778899aabbccddeeff",
		Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Container: manifest.Container{ID: "db", Namespace: "default", Image: "docker.io/library/postgres:17",
			Snapshotter: "overlayfs", Runtime: "io.containerd.runc.v2", Labels: map[string]string{"lull/engine": "postgres"}},
		Asked:   manifest.Asked{Mode: "flush", Require: manifest.Flushed},
		Reached: manifest.Reached{Level: manifest.Flushed},
	}
}

// folder is a checkpoint's folder: two CRIU files and a manifest, sealed or not.
func folder(t *testing.T, seal bool) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{"core-1.img": "core", "pages-1.img": "pages"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := example()
	if err := manifest.Write(dir, m); err != nil {
		t.Fatal(err)
	}
	if seal {
		if err := manifest.Seal(t.Context(), dir, m); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type entry struct {
	name string
	data []byte
	kind byte
}

func entriesOf(t *testing.T, dir string) []entry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := []entry{{name: "./", kind: tar.TypeDir}}
	for _, e := range list {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{e.Name(), data, tar.TypeReg})
	}
	return all
}

func archiveOf(t testing.TB, all []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range all {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: 0o600, Size: int64(len(e.data))}
		if e.kind == tar.TypeSymlink {
			h.Linkname = "elsewhere"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
