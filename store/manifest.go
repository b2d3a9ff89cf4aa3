package store

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/containerd/containerd/v2/core/content"

	"github.com/lull-containers/lull/manifest"
)

// Manifest reads a checkpoint's manifest, from the archive's beginning and no
// further than needed. It is returned whatever its state; unusable says why a
// restore would refuse it (a *manifest.Refusal), nil when it would not.
func Manifest(ctx context.Context, blobs content.Provider, c *Checkpoint) (m *manifest.Manifest, unusable, err error) {
	r, err := c.open(ctx, blobs)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	raw, err := scan(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	return parse(raw)
}

// Verify reads a checkpoint's whole archive and compares it with its digest and
// with every digest in its manifest. Differences are a *manifest.Refusal.
func Verify(ctx context.Context, blobs content.Provider, c *Checkpoint) (*manifest.Manifest, error) {
	r, err := c.open(ctx, blobs)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	d, _ := c.Memory()
	whole := d.Digest.Verifier()
	body := io.TeeReader(r, whole)
	raw, files, err := scanAll(ctx, body)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, body); err != nil { // what follows the archive's end
		return nil, err
	}
	if !whole.Verified() {
		return nil, altered(d.Digest.String(), "the archive does not match its digest")
	}
	return judge(raw, files)
}

// judge compares an archive's contents with its manifest.
func judge(raw []byte, files []manifest.File) (*manifest.Manifest, error) {
	m, unusable, err := parse(raw)
	if err = errors.Join(err, unusable); err != nil {
		return m, err
	}
	return m, compare(m.Files, files)
}

// compare takes sorted lists.
func compare(sealed, found []manifest.File) error {
	found = slices.DeleteFunc(slices.Clone(found), func(f manifest.File) bool {
		return slices.Contains(manifest.MayAppear(), f.Name)
	})
	for i, want := range sealed {
		switch {
		case i >= len(found) || found[i].Name > want.Name:
			return altered(want.Name, "it is missing")
		case found[i].Name < want.Name:
			return altered(found[i].Name, "it does not belong to the checkpoint")
		case found[i] != want:
			return altered(want.Name, "it is not what was sealed")
		}
	}
	if len(found) > len(sealed) {
		return altered(found[len(sealed)].Name, "it does not belong to the checkpoint")
	}
	return nil
}

type reader struct {
	io.Reader
	io.Closer
}

func (c *Checkpoint) open(ctx context.Context, blobs content.Provider) (io.ReadCloser, error) {
	d, _ := c.Memory()
	at, err := blobs.ReaderAt(ctx, d)
	if err != nil {
		return nil, err
	}
	return reader{content.NewReader(at), at}, nil
}

// parse reads a manifest, and says apart from that why it may not be restored.
func parse(raw []byte) (m *manifest.Manifest, unusable, err error) {
	_, unusable = manifest.CheckSeal(raw)
	if m, err = manifest.Decode(raw); err != nil {
		return nil, nil, unusable // says more: altered, not just unreadable
	}
	return m, unusable, nil
}
