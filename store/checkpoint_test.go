package store

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/manifest"
)

func TestOpenRefuses(t *testing.T) {
	blobs := newBlobs(t)
	plain := putIndex(t, blobs, nil, put(t, blobs, ocispec.MediaTypeImageManifest, []byte("{}")))
	one := images.Image{Name: "one", Target: put(t, blobs, ocispec.MediaTypeImageManifest, []byte("{ }"))}
	huge := plain
	huge.Target.Size = maxIndex + 1
	all := imageMap{"plain": plain, "one": one, "huge": huge}
	for ref, want := range map[string]error{
		"none": errdefs.ErrNotFound, "plain": ErrNoCheckpoint, "one": ErrNoCheckpoint, "huge": ErrNoCheckpoint,
	} {
		if _, err := Open(t.Context(), all, blobs, ref); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", ref, err, want)
		}
	}
}

func TestParts(t *testing.T) {
	d := func(mt string, size int64) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: mt, Size: size, Digest: digest.FromString(mt)}
	}
	for _, layer := range []string{ocispec.MediaTypeImageLayerGzip, ocispec.MediaTypeImageLayer,
		ocispec.MediaTypeImageLayerZstd, images.MediaTypeDockerSchema2LayerGzip} {
		c := &Checkpoint{Index: ocispec.Index{Manifests: []ocispec.Descriptor{
			d(images.MediaTypeDockerSchema2Manifest, 1), d(images.MediaTypeContainerd1Checkpoint, 2), d(layer, 4),
		}}}
		if rw, ok := c.RW(); !ok || rw.Size != 4 {
			t.Errorf("%s is not taken for the rw layer", layer)
		}
		if base, ok := c.Base(); !ok || base.Size != 1 {
			t.Errorf("base is %v", base)
		}
	}
}

func boxed(t *testing.T, url, value string) []byte {
	t.Helper()
	raw, err := proto.Marshal(&anypb.Any{TypeUrl: url, Value: []byte(value)})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const specURL = "types.containerd.io/opencontainers/runtime-spec/1/Spec"

func TestTemplate(t *testing.T) {
	ctr := map[string]string{AnnotationImage: "img", AnnotationRuntime: "io.containerd.lull.v2", AnnotationSnapshotter: "native"}
	tasks := map[string]string{AnnotationTaskImage: "img"}
	made := example()
	for _, tc := range []struct {
		name        string
		annotations map[string]string
		m           *manifest.Manifest
		id          string
		want        []string // id, image, snapshotter, runtime, cgroup
		err         error
	}{
		{"ctr containers checkpoint", ctr, nil, "x", []string{"x", "img", "native", "io.containerd.lull.v2", "/default/db"}, nil},
		{"and a manifest", ctr, made, "", []string{"db", "img", "native", "io.containerd.lull.v2", "/default/db"}, nil},
		{"another name", ctr, made, "x", []string{"x", "img", "native", "io.containerd.lull.v2", "/default/x"}, nil},
		{"ctr tasks checkpoint", tasks, made, "", []string{"db", "img", "overlayfs", "io.containerd.runc.v2", "/default/db"}, nil},
		{"nothing but a manifest", nil, made, "", []string{"db", "docker.io/library/postgres:17", "overlayfs", "io.containerd.runc.v2", "/default/db"}, nil},
		{"ctr tasks checkpoint, no manifest", tasks, nil, "x", nil, ErrIncomplete},
		{"no name", ctr, nil, "", nil, ErrIncomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			blobs := newBlobs(t)
			spec := `{"ociVersion":"1.3.0","linux":{"cgroupsPath":"/default/db","future":[1]},"future":{"a":1}}`
			img := putIndex(t, blobs, tc.annotations,
				put(t, blobs, images.MediaTypeContainerd1Checkpoint, []byte("tar")),
				put(t, blobs, images.MediaTypeContainerd1CheckpointConfig, boxed(t, specURL, spec)),
				put(t, blobs, images.MediaTypeContainerd1CheckpointRuntimeOptions, boxed(t, "containerd.runc.v1.Options", "\x38\x01")))
			c, err := Open(t.Context(), imageMap{"cp": img}, blobs, "cp")
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Template(t.Context(), blobs, tc.m, tc.id)
			if !errors.Is(err, tc.err) {
				t.Fatalf("%v, want %v", err, tc.err)
			}
			if tc.err != nil {
				return
			}
			var read struct {
				Linux struct {
					CgroupsPath string
					Future      []int
				}
				Future map[string]int
			}
			if err := json.Unmarshal(got.Spec.GetValue(), &read); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, []string{got.ID, got.Image, got.Snapshotter, got.Runtime.Name, read.Linux.CgroupsPath}); diff != "" {
				t.Error(diff)
			}
			if len(read.Linux.Future) != 1 || read.Future["a"] != 1 || got.Spec.GetTypeUrl() != specURL {
				t.Errorf("the spec lost something: %s %s", got.Spec.GetTypeUrl(), got.Spec.GetValue())
			}
			if string(got.Runtime.Options.GetValue()) != "\x38\x01" {
				t.Errorf("runtime options: %v", got.Runtime.Options)
			}
		})
	}
}

func TestCgroupFor(t *testing.T) {
	for old, want := range map[string]string{
		"/default/db":                      "/default/new",
		"db":                               "new",
		"system.slice:docker:db":           "system.slice:docker:new",
		"kubepods.slice:cri-containerd:db": "kubepods.slice:cri-containerd:new",
		"/default/other":                   "/default/other",
		"/db/other":                        "/db/other",
		"":                                 "",
	} {
		if got := cgroupFor(old, "db", "new"); got != want {
			t.Errorf("%q: got %q, want %q", old, got, want)
		}
	}
}
