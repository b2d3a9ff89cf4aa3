package store

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
)

// replace changes the entry called name; a nil change removes it.
func replace(all []entry, name string, change func(entry) entry) []entry {
	all = slices.Clone(all)
	i := slices.IndexFunc(all, func(e entry) bool { return e.name == name })
	if change == nil {
		return slices.Delete(all, i, i+1)
	}
	all[i] = change(all[i])
	return all
}

func flip(e entry) entry {
	e.data = slices.Clone(e.data)
	e.data[len(e.data)/2] ^= 1
	return e
}

func TestManifestAndVerify(t *testing.T) {
	sealed, pending := entriesOf(t, folder(t, true)), entriesOf(t, folder(t, false))
	for _, tc := range []struct {
		name     string
		entries  []entry
		unusable error // of Manifest
		err      error // of Manifest
		verify   error // of Verify
	}{
		{name: "sealed", entries: sealed},
		{name: "written by a restore", entries: append(slices.Clone(sealed), entry{"restore.log", []byte("x"), tar.TypeReg})},
		{name: "pending", entries: pending, unusable: manifest.ErrPending, verify: manifest.ErrPending},
		{name: "no manifest", entries: replace(sealed, manifest.FileName, nil), err: manifest.ErrMissing, verify: manifest.ErrMissing},
		{name: "manifest below a folder", entries: replace(sealed, manifest.FileName, func(e entry) entry {
			e.name = "checkpoint/" + e.name
			return e
		}), err: manifest.ErrMissing, verify: manifest.ErrMissing},
		{name: "byte of the manifest", entries: replace(sealed, manifest.FileName, func(e entry) entry {
			e.data = bytes.Replace(e.data, []byte("overlayfs"), []byte("overlayfz"), 1)
			return e
		}), unusable: manifest.ErrAltered, verify: manifest.ErrAltered},
		{name: "manifest no JSON", entries: replace(sealed, manifest.FileName, func(e entry) entry {
			e.data = []byte("hello")
			return e
		}), err: manifest.ErrSchema, verify: manifest.ErrSchema},
		{name: "byte of the pages", entries: replace(sealed, "pages-1.img", flip), verify: manifest.ErrAltered},
		{name: "a file gone", entries: replace(sealed, "pages-1.img", nil), verify: manifest.ErrAltered},
		{name: "a file more", entries: append(slices.Clone(sealed), entry{"extra.img", nil, tar.TypeReg}), verify: manifest.ErrAltered},
		{name: "a last file more", entries: append(slices.Clone(sealed), entry{"zz", nil, tar.TypeReg}), verify: manifest.ErrAltered},
		{name: "a file twice", entries: append(slices.Clone(sealed), sealed[1]), verify: manifest.ErrAltered},
		{name: "manifest twice", entries: append(slices.Clone(sealed), sealed[2]), verify: manifest.ErrAltered},
		{name: "a symlink first", entries: append([]entry{{"a", nil, tar.TypeSymlink}}, sealed...),
			err: manifest.ErrAltered, verify: manifest.ErrAltered},
	} {
		t.Run(tc.name, func(t *testing.T) {
			blobs := newBlobs(t)
			img := putIndex(t, blobs, nil, put(t, blobs, images.MediaTypeContainerd1Checkpoint, archiveOf(t, tc.entries)))
			c, err := Open(t.Context(), imageMap{"cp": img}, blobs, "cp")
			if err != nil {
				t.Fatal(err)
			}
			m, unusable, err := Manifest(t.Context(), blobs, c)
			if !errors.Is(err, tc.err) || !errors.Is(unusable, tc.unusable) {
				t.Errorf("Manifest: unusable %v, %v; want %v, %v", unusable, err, tc.unusable, tc.err)
			}
			if err == nil && m.ID != example().ID {
				t.Errorf("Manifest: id %q", m.ID)
			}
			if _, err := Verify(t.Context(), blobs, c); !errors.Is(err, tc.verify) {
				t.Errorf("Verify: %v; want %v", err, tc.verify)
			}
		})
	}
}

// What a content store hands out is not hashed again: Verify must, to the last
// byte, behind the archive's end too.
func TestVerifyHashesTheArchive(t *testing.T) {
	blobs := newBlobs(t)
	raw := archiveOf(t, entriesOf(t, folder(t, true)))
	longer := put(t, blobs, images.MediaTypeContainerd1Checkpoint, append(slices.Clone(raw), 1))
	lies := longer
	lies.Digest = put(t, blobs, images.MediaTypeContainerd1Checkpoint, raw).Digest
	for name, tc := range map[string]struct {
		d    ocispec.Descriptor
		want error
	}{"digest fits": {longer, nil}, "digest of another": {lies, manifest.ErrAltered}} {
		c := &Checkpoint{Index: ocispec.Index{Manifests: []ocispec.Descriptor{tc.d}}}
		if _, err := Verify(t.Context(), always{blobs, longer}, c); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// always hands out one blob, whatever is asked for.
type always struct {
	content.Provider
	d ocispec.Descriptor
}

func (a always) ReaderAt(ctx context.Context, _ ocispec.Descriptor) (content.ReaderAt, error) {
	return a.Provider.ReaderAt(ctx, a.d)
}

func TestScanStopsAtTheManifest(t *testing.T) {
	raw := archiveOf(t, entriesOf(t, folder(t, true)))
	r := &counter{Reader: bytes.NewReader(append(raw, bytes.Repeat([]byte{1}, 1<<20)...))}
	if _, err := scan(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if r.n > len(raw) {
		t.Errorf("read %d bytes of an archive of %d", r.n, len(raw))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scan(ctx, bytes.NewReader(raw)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzScan(f *testing.F) {
	f.Add(archiveOf(f, []entry{{"core-1.img", []byte("x"), tar.TypeReg}, {manifest.FileName, []byte("{}"), tar.TypeReg}}))
	f.Add(archiveOf(f, []entry{{manifest.FileName, nil, tar.TypeSymlink}}))
	f.Add([]byte(strings.Repeat("\x00", 1024)))
	f.Fuzz(func(t *testing.T, archive []byte) {
		first, err := scan(context.Background(), bytes.NewReader(archive))
		if err == nil && len(first) > len(archive) {
			t.Errorf("%d bytes out of %d", len(first), len(archive))
		}
		raw, files, errAll := scanAll(context.Background(), bytes.NewReader(archive))
		if errAll == nil && (err != nil || !bytes.Equal(raw, first)) {
			t.Errorf("scan: %v, scanAll reads %q, %v", err, raw, files)
		}
	})
}

type counter struct {
	io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestSparseIsRefused(t *testing.T) {
	program, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("needs GNU tar, to write sparse archives:", err)
	}
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(1<<40), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"posix", "gnu"} {
		raw, err := exec.Command(program, "-S", "--format="+format, "-C", dir, "-cf", "-", "a").Output()
		if err != nil || len(raw) > 1<<20 {
			t.Fatalf("tar wrote %d bytes, %v", len(raw), err)
		}
		if _, _, err := scanAll(t.Context(), bytes.NewReader(raw)); !errors.Is(err, manifest.ErrAltered) {
			t.Errorf("%s: %v", format, err)
		}
	}
}
