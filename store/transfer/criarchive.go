package transfer

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/artifact"
)

// The entries of an archive of the CRI's that count.
const (
	criImages = "checkpoint/"
	criSpec   = "spec.dump"
	criConfig = "config.dump"
	criLayer  = "rootfs-diff.tar"
)

// CRI is an archive that the kubelet or crictl wrote.
type CRI struct {
	name    string
	archive *criArchive
}

// criArchive knows where its entries are; nothing of it is unpacked.
type criArchive struct{ exported }

// OpenCRI finds the entries of such an archive; ok is false where it is another
// kind of tar.
func OpenCRI(name string, file io.ReadSeeker) (c *CRI, ok bool, err error) {
	e, err := entries(name, file)
	if err != nil {
		return nil, false, err
	}
	_, spec := e.at[criSpec]
	_, config := e.at[criConfig]
	_, sealed := e.at[criImages+manifest.FileName]
	_, layout := e.at[ocispec.ImageIndexFile]
	return &CRI{e.name, &criArchive{*e}}, spec && config && sealed && !layout, nil
}

func (a *criArchive) small(name string) ([]byte, error) {
	s, ok := a.at[name]
	if !ok || s.size > artifact.MaxIndex {
		return nil, fmt.Errorf("%w: %s: %s is missing or too large", artifact.ErrFormat, a.name, name)
	}
	raw := make([]byte, s.size)
	_, err := a.file.ReadAt(raw, s.at)
	return raw, err
}

// criAbout is what config.dump says of the container.
type criAbout struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	RootfsImageName string    `json:"rootfsImageName"`
	Checkpointed    time.Time `json:"checkpointedTime"`
}

func (a *criArchive) about() (about criAbout, err error) {
	raw, err := a.small(criConfig)
	if err != nil {
		return about, err
	}
	if err := json.Unmarshal(raw, &about); err != nil || about.RootfsImageName == "" || about.Name == "" || about.ID == "" {
		return about, fmt.Errorf("%w: %s: %s does not say what the container was made from (%w)", artifact.ErrFormat, a.name, criConfig, err)
	}
	return about, nil
}

// memory stores CRIU's images as the flat archive that containerd restores from.
func (a *criArchive) memory(ctx context.Context, blobs content.Ingester) (ocispec.Descriptor, error) {
	return ingest(ctx, blobs, images.MediaTypeContainerd1Checkpoint, func(w io.Writer) error {
		out := tar.NewWriter(w)
		for _, name := range a.images() {
			s := a.at[name]
			if err := out.WriteHeader(&tar.Header{Name: path.Base(name), Typeflag: tar.TypeReg, Mode: 0o600, Size: s.size}); err != nil {
				return err
			}
			if _, err := io.Copy(out, io.NewSectionReader(a.file, s.at, s.size)); err != nil {
				return err
			}
		}
		return out.Close()
	})
}

func (a *criArchive) images() (names []string) {
	for name := range a.at {
		if file, in := strings.CutPrefix(name, criImages); in && file == path.Base(file) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// layer stores what the container wrote above its image; there may be nothing.
func (a *criArchive) layer(ctx context.Context, blobs content.Ingester) (d ocispec.Descriptor, ok bool, err error) {
	s, ok := a.at[criLayer]
	if !ok {
		return d, false, nil
	}
	var magic [2]byte
	if _, err := a.file.ReadAt(magic[:], s.at); err != nil && !errors.Is(err, io.EOF) {
		return d, false, err
	}
	kind := ocispec.MediaTypeImageLayer
	if magic == [2]byte{0x1f, 0x8b} {
		kind = ocispec.MediaTypeImageLayerGzip
	}
	d, err = ingest(ctx, blobs, kind, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(a.file, s.at, s.size))
		return err
	})
	return d, true, err
}

// specType is what containerd calls an OCI spec.
const specType = "types.containerd.io/opencontainers/runtime-spec/1/Spec"

// spec stores the OCI spec of a container that is in no pod any more.
func (a *criArchive) spec(ctx context.Context, blobs content.Ingester, id string) (d ocispec.Descriptor, err error) {
	raw, err := a.small(criSpec)
	if err != nil {
		return d, err
	}
	raw, err = rawspec.Edit(raw, func(spec map[string]any) error {
		if !store.LeavePod(spec, id) {
			return fmt.Errorf("%w: %s: its container was in no pod", artifact.ErrFormat, a.name)
		}
		root, _ := spec["root"].(map[string]any)
		if root == nil {
			return fmt.Errorf("%w: %s: its OCI spec has no root", artifact.ErrFormat, a.name)
		}
		root["path"] = "rootfs"
		if linux, ok := spec["linux"].(map[string]any); ok {
			linux["cgroupsPath"] = path.Join("/", id) // the archive has no runtime options
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	boxed, err := proto.Marshal(&anypb.Any{TypeUrl: specType, Value: raw})
	if err != nil {
		return d, err
	}
	return writeBlob(ctx, blobs, images.MediaTypeContainerd1CheckpointConfig, boxed)
}
