package harness

import (
	"bytes"
	"encoding/json"
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
	a := &alteration{daemon: d, client: d.Client(t), part: p}
	altered = Name(t, "altered") + ":latest"
	if err := a.make(t, ref, altered, change); err != nil {
		t.Fatalf("alter %s: %v", ref, err)
	}
	return altered
}

type alteration struct {
	daemon *Daemon
	client *containerd.Client
	part   Part
}

func (a *alteration) make(t testing.TB, from, to string, change func(Archive) Archive) error {
	ctx, release, err := a.client.WithLease(t.Context())
	if err != nil {
		return err
	}
	defer release(ctx) //nolint:errcheck // it ends with the daemon
	index := a.daemon.Checkpoint(t, from).Index
	i := slices.IndexFunc(index.Manifests, func(d ocispec.Descriptor) bool { return d.MediaType == string(a.part) })
	if i < 0 {
		return fmt.Errorf("it has no %s", a.part)
	}
	blobs := a.client.ContentStore()
	raw, err := content.ReadBlob(ctx, blobs, index.Manifests[i])
	if err != nil {
		return err
	}
	if raw, err = a.changed(raw, change); err != nil {
		return err
	}
	index.Manifests = slices.Clone(index.Manifests)
	index.Manifests[i].Digest, index.Manifests[i].Size = godigest.FromBytes(raw), int64(len(raw))
	write := func(d ocispec.Descriptor, raw []byte, o ...content.Opt) error {
		err := content.WriteBlob(ctx, blobs, to+d.Digest.String(), bytes.NewReader(raw), d, o...)
		if errdefs.IsAlreadyExists(err) {
			return nil
		}
		return err
	}
	if err := write(index.Manifests[i], raw); err != nil {
		return err
	}
	target, raw, err := encode(index)
	if err != nil {
		return err
	}
	if err := write(target, raw, content.WithLabels(references(index))); err != nil {
		return err
	}
	_, err = a.client.ImageService().Create(ctx, images.Image{Name: to, Target: target})
	return err
}

func (a *alteration) changed(raw []byte, change func(Archive) Archive) ([]byte, error) {
	zipped := a.part == RW
	files, err := unpack(raw, zipped)
	if err != nil {
		return nil, err
	}
	made, err := change(files).pack(zipped)
	if err == nil && bytes.Equal(made, raw) {
		err = fmt.Errorf("nothing was altered")
	}
	return made, err
}

func encode(index ocispec.Index) (ocispec.Descriptor, []byte, error) {
	raw, err := json.Marshal(index)
	return ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageIndex, Digest: godigest.FromBytes(raw), Size: int64(len(raw)),
	}, raw, err
}

// references keep the parts from being collected.
func references(index ocispec.Index) map[string]string {
	labels := map[string]string{}
	for i, m := range index.Manifests {
		labels[fmt.Sprintf("containerd.io/gc.ref.content.%d", i)] = m.Digest.String()
	}
	return labels
}
