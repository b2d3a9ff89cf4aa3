package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	godigest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Part names one part of a checkpoint image by its media type.
type Part string

// The parts that Alter alters.
const (
	Memory Part = images.MediaTypeContainerd1Checkpoint // CRIU's images and lull's manifest
	RW     Part = ocispec.MediaTypeImageLayerGzip       // the layer above the image
)

// Alter makes a new checkpoint image from one, with the files of one part
// changed. All digests of the new image are right: containerd has nothing to
// object to, only lull can notice.
func (d *Daemon) Alter(t testing.TB, ref string, p Part, change func(Archive) Archive) (altered string) {
	t.Helper()
	client := d.Client(t)
	ctx, release, err := client.WithLease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release(ctx) //nolint:errcheck // it is void after a day, and the daemon ends sooner
	a := alteration{ctx, client, Name(t, "altered") + ":latest"}
	if err := a.make(d.Checkpoint(t, ref).Index, p, change); err != nil {
		t.Fatalf("alter %s: %v", ref, err)
	}
	return a.ref
}

type alteration struct {
	ctx    context.Context
	client *containerd.Client
	ref    string
}

func (a alteration) make(index ocispec.Index, p Part, change func(Archive) Archive) error {
	i := slices.IndexFunc(index.Manifests, func(d ocispec.Descriptor) bool { return d.MediaType == string(p) })
	if i < 0 {
		return fmt.Errorf("it has no %s", p)
	}
	raw, err := a.changed(index.Manifests[i], p == RW, change)
	if err != nil {
		return err
	}
	if index.Manifests[i], err = a.put(index.Manifests[i], raw); err != nil {
		return err
	}
	return a.publish(index)
}

func (a alteration) changed(d ocispec.Descriptor, zipped bool, change func(Archive) Archive) ([]byte, error) {
	raw, err := content.ReadBlob(a.ctx, a.client.ContentStore(), d)
	if err != nil {
		return nil, err
	}
	files, err := unpack(raw, zipped)
	if err != nil {
		return nil, err
	}
	made, err := change(files).pack(zipped)
	if err == nil && bytes.Equal(made, raw) {
		err = errors.New("nothing was changed")
	}
	return made, err
}

// put stores a blob and gives the descriptor with its digest and size.
func (a alteration) put(d ocispec.Descriptor, raw []byte, o ...content.Opt) (ocispec.Descriptor, error) {
	d.Digest, d.Size = godigest.FromBytes(raw), int64(len(raw))
	err := content.WriteBlob(a.ctx, a.client.ContentStore(), a.ref+d.Digest.String(), bytes.NewReader(raw), d, o...)
	if errdefs.IsAlreadyExists(err) {
		err = nil
	}
	return d, err
}

func (a alteration) publish(index ocispec.Index) error {
	raw, err := json.Marshal(index)
	if err != nil {
		return err
	}
	refs := map[string]string{} // they keep the parts from being collected
	for i, m := range index.Manifests {
		refs[fmt.Sprintf("containerd.io/gc.ref.content.%d", i)] = m.Digest.String()
	}
	target, err := a.put(ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex}, raw, content.WithLabels(refs))
	if err != nil {
		return err
	}
	_, err = a.client.ImageService().Create(a.ctx, images.Image{Name: a.ref, Target: target})
	return err
}
