package store

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/containerd/containerd/v2/core/content"

	"github.com/lull-containers/lull/manifest"
)

// The entries of an archive that checkpointctl reads.
const (
	criuFolder = "checkpoint"
	configDump = "config.dump"
	specDump   = "spec.dump"
	statsDump  = "stats-dump"
)

// WriteReadable writes a checkpoint as the archives of Podman, CRI-O and the
// kubelet are laid out, for checkpointctl and for people: a folder of CRIU's
// images and what is known of the container.
func WriteReadable(ctx context.Context, blobs content.Provider, k Kept, out *tar.Writer) error {
	m := k.Manifest
	if err := out.WriteHeader(&tar.Header{Name: criuFolder + "/", Typeflag: tar.TypeDir, Mode: 0o700, ModTime: m.Created}); err != nil {
		return err
	}
	r, err := k.Checkpoint.open(ctx, blobs)
	if err != nil {
		return err
	}
	defer r.Close()
	var stats []byte
	err = walk(ctx, r, func(name string, body io.Reader) (bool, error) {
		size, err := sizeOf(m, name)
		if err != nil {
			return false, err
		}
		if name == statsDump {
			if stats, err = io.ReadAll(io.LimitReader(body, size)); err != nil {
				return false, err
			}
			return true, writeEntry(out, path.Join(criuFolder, name), m.Created, stats)
		}
		return true, copyEntry(out, path.Join(criuFolder, name), m.Created, body, size)
	})
	if err != nil {
		return err
	}
	return writeAbout(ctx, blobs, k, out, stats)
}

// sizeOf is a file's size by the manifest. The manifest's own is not in it.
func sizeOf(m *manifest.Manifest, name string) (int64, error) {
	for _, f := range m.Files {
		if f.Name == name {
			return f.Size, nil
		}
	}
	if name == manifest.FileName {
		return -1, nil
	}
	return 0, altered(name, "it does not belong to the checkpoint")
}

func copyEntry(out *tar.Writer, name string, when time.Time, body io.Reader, size int64) error {
	if size < 0 {
		raw, err := small(body)
		if err != nil {
			return err
		}
		return writeEntry(out, name, when, raw)
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: size, ModTime: when}); err != nil {
		return err
	}
	_, err := io.Copy(out, body)
	return err
}

func writeEntry(out *tar.Writer, name string, when time.Time, raw []byte) error {
	err := out.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(raw)), ModTime: when})
	if err == nil {
		_, err = out.Write(raw)
	}
	return err
}

// about is config.dump, as checkpointctl reads it.
type about struct {
	ID              string    `json:"id"`
	Name            string    `json:"name"`
	RootfsImage     string    `json:"rootfsImage,omitempty"`
	RootfsImageRef  string    `json:"rootfsImageRef,omitempty"`
	RootfsImageName string    `json:"rootfsImageName,omitempty"`
	Runtime         string    `json:"runtime,omitempty"`
	Created         time.Time `json:"createdTime"`
	Checkpointed    time.Time `json:"checkpointedTime"`
}

func writeAbout(ctx context.Context, blobs content.Provider, k Kept, out *tar.Writer, stats []byte) error {
	m := k.Manifest
	base, _ := k.Checkpoint.Base()
	config, err := json.MarshalIndent(about{
		ID: m.Container.ID, Name: m.Container.ID, RootfsImage: base.Digest.String(), RootfsImageRef: base.Digest.String(),
		RootfsImageName: k.Checkpoint.BaseName(), Runtime: m.Container.Runtime, Created: m.Created, Checkpointed: m.Created,
	}, "", "  ")
	if err != nil {
		return err
	}
	spec, err := readableSpec(ctx, blobs, k)
	if err != nil {
		return fmt.Errorf("OCI spec of %s: %w", k.Image.Name, err)
	}
	errs := []error{writeEntry(out, configDump, m.Created, config), writeEntry(out, specDump, m.Created, spec)}
	if stats != nil {
		errs = append(errs, writeEntry(out, statsDump, m.Created, stats))
	}
	return errors.Join(errs...)
}

// readableSpec is the container's spec with annotations that say what this is.
func readableSpec(ctx context.Context, blobs content.Provider, k Kept) ([]byte, error) {
	d, ok := k.Checkpoint.Spec()
	if !ok {
		return nil, ErrIncomplete
	}
	boxed, err := readAny(ctx, blobs, d)
	if err != nil {
		return nil, err
	}
	var spec object
	if err := json.Unmarshal(boxed.GetValue(), &spec); err != nil {
		return nil, err
	}
	annotations := map[string]string{}
	if raw := spec["annotations"]; raw != nil {
		if err := json.Unmarshal(raw, &annotations); err != nil {
			return nil, err
		}
	}
	for key, value := range CheckpointAnnotations(k.Checkpoint, k.Manifest) {
		annotations[key] = value
	}
	if annotations["io.kubernetes.cri.container-name"] == "" {
		annotations["io.kubernetes.cri.container-name"] = k.Manifest.Container.ID // where it is looked for
	}
	if spec["annotations"], err = json.Marshal(annotations); err != nil {
		return nil, err
	}
	return json.Marshal(spec)
}
