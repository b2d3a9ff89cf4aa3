package transfer

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/services/introspection/v1"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/introspection"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/volume"
)

// machine is a containerd with a real store of metadata and content, and a
// store of captures.
type machine struct {
	*testing.T
	dir      string
	client   *containerd.Client
	blobs    content.Store
	images   images.Store
	db       *metadata.DB
	captures store.Captures
}

const testID = "00112233445566778899aabbccddeeff"

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{T: t, dir: t.TempDir()}
	blobs, err := local.NewStore(filepath.Join(m.dir, "content"))
	m.check(err)
	bolt, err := bbolt.Open(filepath.Join(m.dir, "meta.db"), 0o600, &bbolt.Options{NoSync: true})
	m.check(err)
	t.Cleanup(func() { bolt.Close() })
	m.db = metadata.NewDB(bolt, blobs, nil)
	m.check(m.db.Init(t.Context()))
	m.blobs, m.images = m.db.ContentStore(), metadata.NewImageStore(m.db)
	m.client, err = containerd.New("", containerd.WithServices(
		containerd.WithContentStore(m.blobs), containerd.WithImageStore(m.images),
		containerd.WithLeasesService(metadata.NewLeaseManager(m.db)), containerd.WithNamespaceService(oneNamespace{}),
		containerd.WithIntrospectionService(silent{})))
	m.check(err)
	m.captures = store.CapturesIn(filepath.Join(m.dir, "store"))
	return m
}

// silent says nothing of where containerd keeps its blobs.
type silent struct{ introspection.Service }

func (silent) Plugins(context.Context, ...string) (*api.PluginsResponse, error) {
	return &api.PluginsResponse{}, nil
}

type oneNamespace struct{ namespaces.Store }

func (oneNamespace) List(context.Context) ([]string, error) { return []string{"test"}, nil }

func (m *machine) check(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *machine) ctx() context.Context { return namespaces.WithNamespace(m.Context(), "test") }

// blob is one stream of an artifact, or one part of an image.
type blob struct {
	mediaType string
	raw       []byte
}

func (b blob) descriptor() ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: b.mediaType, Digest: digest.FromBytes(b.raw), Size: int64(len(b.raw))}
}

func jsonBlob(mediaType string, v any) blob {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return blob{mediaType, raw}
}

// checkpoint is one in parts that can be spoiled before they are put together:
// whoever forges an artifact gets all digests right.
type checkpoint struct {
	manifest *manifest.Manifest
	spec     *specs.Spec       // OCI
	list     []byte            // of volume-0
	images   map[string]string // CRIU's
	pending  bool              // it was never sealed
	memory   func(entries []*tar.Header, bodies [][]byte) ([]*tar.Header, [][]byte)
	layer    []*tar.Header // the container's own
	parts    []blob        // more of the index
	base     []blob        // manifest, configuration, layers
	volumes  map[string][]byte
	drop     []string // media types of what does not travel
	noBase   bool
}

// sample is a whole checkpoint of a volume that is captured.
func sample(t *testing.T, m *machine) *checkpoint {
	t.Helper()
	src := filepath.Join(t.TempDir(), "data")
	m.check(os.MkdirAll(filepath.Join(src, "base"), 0o700))
	m.check(os.WriteFile(filepath.Join(src, "base/1"), bytes.Repeat([]byte("0123456789abcdef"), 1<<19), 0o600)) // 8 MiB
	m.check(os.WriteFile(filepath.Join(src, "PG_VERSION"), []byte("17\n"), 0o600))
	list, err := volume.Fingerprint(t.Context(), src, volume.Options{Content: true})
	m.check(err)
	var encoded, packed bytes.Buffer
	m.check(list.Encode(&encoded))
	m.check(list.Pack(t.Context(), src, &packed))
	config := jsonBlob(ocispec.MediaTypeImageConfig, ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}})
	layer := blob{ocispec.MediaTypeImageLayer, []byte("layer of the base image")}
	return &checkpoint{
		manifest: &manifest.Manifest{
			Schema: manifest.Schema, Status: manifest.Pending, ID: testID, Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
			Container: manifest.Container{ID: "db", Namespace: "test"}, Asked: manifest.Asked{Mode: "flush", Require: manifest.Flushed},
			Reached: manifest.Reached{Level: manifest.Flushed}, Database: manifest.Database{Engine: "postgres"},
			Volumes: []manifest.Volume{{Name: "volume-0", Kind: "bind", Destination: "/data", Source: "/srv/data", FileSystem: "ext4",
				Fingerprint: list.Summary(volume.ListName(0)), Capture: &manifest.Capture{Method: "copy"}}},
		},
		spec: confined(), list: encoded.Bytes(), images: map[string]string{"core-1.img": "core", "pages-1.img": "pages"},
		layer:   []*tar.Header{{Name: "tmp/socket", Typeflag: tar.TypeReg, Mode: 0o600}},
		base:    []blob{jsonBlob(ocispec.MediaTypeImageManifest, ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: config.descriptor(), Layers: []ocispec.Descriptor{layer.descriptor()}}), config, layer},
		volumes: map[string][]byte{"volume-0": packed.Bytes()},
	}
}

// confined is the spec of a container as containerd makes one.
func confined() *specs.Spec {
	caps := []string{"CAP_CHOWN", "CAP_SETUID", "CAP_SYS_NICE"}
	return &specs.Spec{
		Root:    &specs.Root{Path: "rootfs"},
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: caps, Permitted: caps, Effective: caps}},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc"}, {Destination: "/sys", Type: "sysfs", Options: []string{"ro"}},
			{Destination: "/data", Type: "bind", Source: "/srv/data", Options: []string{"rbind", "rw"}},
			{Destination: "/etc/hosts", Type: "bind", Source: "/etc/hosts", Options: []string{"rbind", "ro"}},
		},
		Linux: &specs.Linux{
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
			MaskedPaths:   []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/sys/firmware"},
			Namespaces:    []specs.LinuxNamespace{{Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.MountNamespace}},
		},
	}
}

// boxed is a value as containerd keeps it in a checkpoint.
func boxed(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	raw, err = proto.Marshal(&anypb.Any{TypeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Spec", Value: raw})
	must(t, err)
	return raw
}

// archive packs the folder of CRIU images.
func (c *checkpoint) archive(t *testing.T) blob {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{volume.ListName(0): string(c.list)}
	for name, data := range c.images {
		files[name] = data
	}
	for name, data := range files {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600))
	}
	m := *c.manifest
	must(t, manifest.Write(dir, &m))
	if !c.pending {
		must(t, manifest.Seal(t.Context(), dir, &m))
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	var headers []*tar.Header
	var bodies [][]byte
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		headers = append(headers, &tar.Header{Name: e.Name(), Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(raw))})
		bodies = append(bodies, raw)
	}
	if c.memory != nil {
		headers, bodies = c.memory(headers, bodies)
	}
	return blob{images.MediaTypeContainerd1Checkpoint, tarOf(t, headers, bodies)}
}

func tarOf(t *testing.T, headers []*tar.Header, bodies [][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i, h := range headers {
		must(t, w.WriteHeader(h))
		if i < len(bodies) {
			_, err := w.Write(bodies[i])
			must(t, err)
		}
	}
	must(t, w.Close())
	return out.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// blobs are all parts, the index first.
func (c *checkpoint) blobs(t *testing.T) []blob {
	t.Helper()
	parts := []blob{c.archive(t), {ocispec.MediaTypeImageLayer, tarOf(t, c.layer, nil)},
		{images.MediaTypeContainerd1CheckpointConfig, boxed(t, c.spec)}}
	parts = append(parts, c.parts...)
	var named []ocispec.Descriptor
	if !c.noBase {
		named = append(named, c.base[0].descriptor())
	}
	for _, p := range parts {
		named = append(named, p.descriptor())
	}
	index := jsonBlob(ocispec.MediaTypeImageIndex, ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: named})
	all := append([]blob{index}, parts...)
	if !c.noBase {
		all = append(all, c.base...)
	}
	return slices.DeleteFunc(all, func(b blob) bool { return slices.Contains(c.drop, b.mediaType) })
}

// monday is the name of the checkpoint that is carried.
const monday = "pg:monday"

// keep puts a checkpoint into a machine: image and capture.
func (m *machine) keep(c *checkpoint) store.Kept {
	m.Helper()
	all := c.blobs(m.T)
	for i, b := range all {
		labels := map[string]string{}
		for j, other := range all[i+1:] { // everything is held by what comes before it
			labels[fmt.Sprintf("containerd.io/gc.ref.content.%d", j)] = other.descriptor().Digest.String()
		}
		m.check(content.WriteBlob(m.ctx(), m.blobs, monday+b.descriptor().Digest.String(), bytes.NewReader(b.raw), b.descriptor(), content.WithLabels(labels)))
	}
	_, err := m.images.Create(m.ctx(), images.Image{Name: monday, Target: all[0].descriptor(), Labels: map[string]string{store.LabelCheckpoint: "true"}})
	m.check(err)
	list, err := volume.Decode(bytes.NewReader(c.list))
	m.check(err)
	m.check(os.MkdirAll(m.captures.Folder(testID), 0o700))
	m.check(list.Unpack(m.ctx(), filepath.Join(m.captures.Folder(testID), "volume-0"), packedBytes{bytes.NewReader(c.volumes["volume-0"])}))
	k, err := store.Look(m.ctx(), m.client, "test", monday)
	m.check(err)
	m.check(k.Problem)
	return k
}

type packedBytes struct{ *bytes.Reader }

func (p packedBytes) Skip(n int64) error {
	_, err := p.Seek(n, 1)
	return err
}

// has compares what is here with what there was.
func (m *machine) has() {
	m.Helper()
	k, err := store.Look(m.ctx(), m.client, "test", monday)
	m.check(err)
	m.check(store.VerifyAll(m.ctx(), m.blobs, m.captures, k, func(store.Finding) {}))
}

// hasNothing looks for anything that has a name.
func (m *machine) hasNothing() {
	m.Helper()
	all, err := m.images.List(m.ctx())
	m.check(err)
	volumes, err := filepath.Glob(filepath.Join(m.captures.Dir, "checkpoints", "*", "volume-*"))
	m.check(err)
	if len(all)+len(volumes) > 0 {
		m.Errorf("images %v, captures %v", all, volumes)
	}
}
