package store

import (
	"bytes"
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	godigest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"

	"github.com/lull-containers/lull/internal/rawspec"
)

// Annotations that the CRI gives the containers of its pods.
const (
	criAnnotations = "io.kubernetes.cri."
	criKind        = criAnnotations + "container-type"
)

// OutOfPod gives the checkpoint of a pod's container a spec that stands for
// itself: the pod's namespaces and shim will be gone with the pod. Other
// containers' stay as they are.
func (d *Draft) OutOfPod(ctx context.Context) error {
	at := slices.IndexFunc(d.index.Manifests, func(m ocispec.Descriptor) bool {
		return m.MediaType == images.MediaTypeContainerd1CheckpointConfig
	})
	if at < 0 {
		return nil
	}
	blobs := d.client.ContentStore()
	boxed, err := readAny(ctx, blobs, d.index.Manifests[at])
	if err != nil {
		return err
	}
	left := false
	boxed.Value, err = rawspec.Edit(boxed.GetValue(), func(spec map[string]any) error {
		left = LeavePod(spec, d.info.ID)
		return nil
	})
	if err != nil || !left {
		return err
	}
	raw, err := proto.Marshal(boxed)
	if err != nil {
		return err
	}
	own := d.index.Manifests[at]
	own.Digest, own.Size = godigest.FromBytes(raw), int64(len(raw))
	err = content.WriteBlob(ctx, blobs, "lull-spec-"+own.Digest.Encoded(), bytes.NewReader(raw), own)
	if err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	d.index.Manifests[at] = own
	return nil
}

// LeavePod changes the spec of a pod's container of that id, and tells whether it
// is one: namespaces and a cgroup of its own, and nothing that says that it
// belongs to a pod.
func LeavePod(spec map[string]any, id string) bool {
	annotations, _ := spec["annotations"].(map[string]any)
	if annotations[criKind] == nil {
		return false
	}
	for key := range annotations {
		if strings.HasPrefix(key, criAnnotations) {
			delete(annotations, key)
		}
	}
	linux, _ := spec["linux"].(map[string]any)
	namespaces, _ := linux["namespaces"].([]any)
	for _, item := range namespaces {
		if ns, ok := item.(map[string]any); ok {
			delete(ns, "path")
		}
	}
	if old, ok := linux["cgroupsPath"].(string); ok {
		linux["cgroupsPath"] = outOfKubepods(old, id)
	}
	return true
}

// withoutPod leaves the CRI's own labels out, by which it knows its containers.
func withoutPod(labels map[string]string) map[string]string {
	own := maps.Clone(labels)
	maps.DeleteFunc(own, func(key, _ string) bool { return strings.HasPrefix(key, "io.cri-containerd.") })
	return own
}

// outOfKubepods keeps the notation, which is the runtime options'.
func outOfKubepods(old, id string) string {
	if strings.Contains(old, ":") {
		return "system.slice:lull:" + id
	}
	return path.Join("/", id)
}
