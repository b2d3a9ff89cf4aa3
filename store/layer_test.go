package store

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
)

// A layer is read to its end, behind the end of its archive too, but not
// beyond what it may take.
func TestLayerSize(t *testing.T) {
	blobs := newBlobs(t)
	var raw, packed bytes.Buffer
	archive := tar.NewWriter(&raw)
	if err := errors.Join(archive.WriteHeader(&tar.Header{Name: "f", Mode: 0o600}), archive.Close()); err != nil {
		t.Fatal(err)
	}
	raw.Write(make([]byte, 1<<20)) // what unpacks it may not stop at the archive's end
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	size := int64(raw.Len())
	d := put(t, blobs, ocispec.MediaTypeImageLayerGzip, packed.Bytes())
	for most, want := range map[int64]error{math.MaxInt64: nil, size: nil, size - 1: ErrInflates} {
		n, err := LayerSize(t.Context(), blobs, d, most)
		if !errors.Is(err, want) || want == nil && n != size {
			t.Errorf("of at most %d bytes: %d, %v", most, n, err)
		}
	}
	short := put(t, blobs, ocispec.MediaTypeImageLayerGzip, packed.Bytes()[:packed.Len()/2])
	if _, err := LayerSize(t.Context(), blobs, short, math.MaxInt64); !errors.Is(err, manifest.ErrAltered) {
		t.Errorf("cut off: %v", err)
	}
}

func TestLayerRatio(t *testing.T) {
	for packed, want := range map[int64]int64{1: smallLayer, 4 << 20: smallLayer, 8 << 20: 2 * smallLayer, 1 << 30: 100 << 30} {
		if got := mayTake(packed, 100<<30); got != want {
			t.Errorf("%d bytes may take %d", packed, got)
		}
	}
}

// FuzzScanLayer: whatever a layer has, what passes lies inside of it.
func FuzzScanLayer(f *testing.F) {
	for _, h := range []tar.Header{{Name: "a/../../b", Mode: 0o600}, {Name: "x", Typeflag: tar.TypeLink, Linkname: "../y"}, {Name: "dev/sda", Typeflag: tar.TypeBlock}} {
		var raw bytes.Buffer
		archive := tar.NewWriter(&raw)
		if err := errors.Join(archive.WriteHeader(&h), archive.Close()); err != nil {
			f.Fatal(err)
		}
		f.Add(raw.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if scanLayer(context.Background(), bytes.NewReader(raw)) != nil {
			return
		}
		for archive := tar.NewReader(bytes.NewReader(raw)); ; {
			h, err := archive.Next()
			if err != nil {
				return
			}
			if !filepath.IsLocal(filepath.Join(".", h.Name)) || h.Typeflag == tar.TypeBlock || h.Typeflag == tar.TypeChar {
				t.Errorf("%q of type %q passed", h.Name, h.Typeflag)
			}
		}
	})
}
