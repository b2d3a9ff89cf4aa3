package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/containerd/v2/plugins/snapshots/native"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// world is a containerd with a real store of metadata and content, and with
// tasks that are only said to be.
type world struct {
	*testing.T
	app        *app
	errOut     bytes.Buffer
	client     *containerd.Client
	blobs      content.Store
	containers containers.Store
	images     images.Store
	leases     leases.Manager
	snapshots  snapshots.Snapshotter
	tasks      *fakeTasks
	differ     *fakeDiffer
	cfg        config.Config
	freezer    string // stands for the container's control file
}

const (
	testNS     = "test"
	testID     = "db"
	testImage  = "docker.io/library/postgres:17"
	testShots  = "native"
	specURL    = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
	testSpec   = `{"ociVersion":"1.2.0","process":{"args":["postgres"]},"linux":{"cgroupsPath":"/test/db"}}`
	runtimeOCI = "io.containerd.runc.v2"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{T: t, freezer: filepath.Join(dir, "freezer.state")}
	blobs, err := local.NewStore(filepath.Join(dir, "content"))
	w.check(err)
	shots, err := native.NewSnapshotter(filepath.Join(dir, "snapshots"))
	w.check(err)
	bolt, err := bbolt.Open(filepath.Join(dir, "meta.db"), 0o600, &bbolt.Options{NoSync: true})
	w.check(err)
	t.Cleanup(func() { bolt.Close() })
	db := metadata.NewDB(bolt, blobs, map[string]snapshots.Snapshotter{testShots: shots})
	w.check(db.Init(t.Context()))
	w.blobs, w.snapshots = db.ContentStore(), db.Snapshotter(testShots)
	w.containers, w.images = metadata.NewContainerStore(db), metadata.NewImageStore(db)
	w.leases = metadata.NewLeaseManager(db)
	w.configure(dir)
	w.tasks, w.differ = newFakeTasks(w), &fakeDiffer{w: w}
	w.connect()
	return w
}

// connect makes the client of the present services.
func (w *world) connect() {
	w.Helper()
	var err error
	w.client, err = containerd.New("", containerd.WithServices(
		containerd.WithContentStore(w.blobs), containerd.WithContainerStore(w.containers),
		containerd.WithImageStore(w.images), containerd.WithLeasesService(w.leases),
		containerd.WithSnapshotters(map[string]snapshots.Snapshotter{testShots: w.snapshots}),
		containerd.WithDiffService(w.differ), containerd.WithTaskClient(w.tasks),
		containerd.WithNamespaceService(oneNamespace{})), containerd.WithDefaultRuntime(runtimeOCI))
	w.check(err)
}

func (w *world) configure(dir string) {
	w.cfg = config.Default()
	w.cfg.StateDir, w.cfg.StoreDir = filepath.Join(dir, "state"), filepath.Join(dir, "store")
	w.app = &app{out: io.Discard, errOut: &w.errOut, namespace: testNS, loaded: &w.cfg}
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ctx is a context in the namespace.
func (w *world) ctx() context.Context { return namespaces.WithNamespace(w.Context(), testNS) }

func otherNamespace(w *world) context.Context { return namespaces.WithNamespace(w.Context(), "other") }

func (w *world) put(mediaType string, raw []byte) ocispec.Descriptor {
	w.Helper()
	d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(raw), Size: int64(len(raw))}
	err := content.WriteBlob(w.ctx(), w.blobs, d.Digest.String(), bytes.NewReader(raw), d)
	w.check(err)
	return d
}

func (w *world) putJSON(mediaType string, v any) ocispec.Descriptor {
	w.Helper()
	raw, err := json.Marshal(v)
	w.check(err)
	return w.put(mediaType, raw)
}

// addImage makes a base image without layers.
func (w *world) addImage() ocispec.Descriptor {
	cfg := ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"}, RootFS: ocispec.RootFS{Type: "layers"}}
	d := w.putJSON(ocispec.MediaTypeImageManifest, ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest, Config: w.putJSON(ocispec.MediaTypeImageConfig, cfg), Layers: []ocispec.Descriptor{},
	})
	_, err := w.images.Create(w.ctx(), images.Image{Name: testImage, Target: d})
	w.check(err)
	return d
}

// addContainer makes a running database container that lull's shim serves.
func (w *world) addContainer() {
	w.addImage()
	_, err := w.snapshots.Prepare(w.ctx(), testID, "")
	w.check(err)
	_, err = w.containers.Create(w.ctx(), containers.Container{
		ID: testID, Image: testImage, Snapshotter: testShots, SnapshotKey: testID,
		Runtime: containers.RuntimeInfo{Name: runtimeOCI}, Spec: &anypb.Any{TypeUrl: specURL, Value: []byte(testSpec)},
	})
	w.check(err)
	w.tasks.start(testID)
	w.serve(state.Record{Engine: "postgres", DetectedBy: "label", Phase: state.Open})
}

// serve writes what the shim writes.
func (w *world) serve(r state.Record) {
	r.ID, r.Namespace, r.Cgroup = testID, testNS, w.freezer
	dir := state.Dir(w.cfg.StateDir, testNS, testID)
	w.check(os.MkdirAll(dir, 0o700))
	w.check(state.Write(dir, r))
}

func (w *world) subject() *subject {
	s, err := w.app.loadSubject(w.ctx(), w.client, testID)
	w.check(err)
	return s
}

// memory is an archive of CRIU images with a manifest of the given status; an
// empty status is none.
func (w *world) memory(status manifest.Status) []byte {
	dir := w.TempDir()
	w.check(os.WriteFile(filepath.Join(dir, "core-1.img"), []byte("core"), 0o600))
	m := exampleManifest()
	switch status {
	case manifest.Pending, manifest.Sealed:
		w.check(manifest.Write(dir, m))
	}
	if status == manifest.Sealed {
		w.check(manifest.Seal(w.Context(), dir, m))
	}
	var buf bytes.Buffer
	archive := tar.NewWriter(&buf)
	w.check(archive.AddFS(os.DirFS(dir)))
	w.check(archive.Close())
	return buf.Bytes()
}

func boxedSpec() []byte {
	raw, err := proto.Marshal(&anypb.Any{TypeUrl: specURL, Value: []byte(testSpec)})
	must(err)
	return raw
}

func exampleManifest() *manifest.Manifest {
	return &manifest.Manifest{
		Schema: manifest.Schema, Status: manifest.Pending, ID: "00112233445566778899aabbccddeeff",
		Created: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Container: manifest.Container{ID: testID, Namespace: testNS, Image: testImage, Snapshotter: testShots,
			Runtime: runtimeOCI, Labels: map[string]string{"lull/engine": "postgres"}},
		Asked:    manifest.Asked{Mode: "flush", Require: manifest.Flushed},
		Reached:  manifest.Reached{Level: manifest.Flushed},
		Database: manifest.Database{Engine: "postgres", DetectedBy: "label"},
	}
}

// fakeDiffer writes a layer of nothing.
type fakeDiffer struct {
	w    *world
	err  error
	hook func()
}

func (d *fakeDiffer) Compare(context.Context, []mount.Mount, []mount.Mount, ...diff.Opt) (ocispec.Descriptor, error) {
	if d.hook != nil {
		d.hook()
	}
	if d.err != nil {
		return ocispec.Descriptor{}, d.err
	}
	return d.w.put(ocispec.MediaTypeImageLayerGzip, []byte("layer")), nil
}

func (d *fakeDiffer) Apply(_ context.Context, desc ocispec.Descriptor, _ []mount.Mount, _ ...diff.ApplyOpt) (ocispec.Descriptor, error) {
	return desc, d.err
}

// oneNamespace answers the two questions that are asked.
type oneNamespace struct{ namespaces.Store }

func (oneNamespace) Labels(context.Context, string) (map[string]string, error) { return nil, nil }
func (oneNamespace) List(context.Context) ([]string, error)                    { return []string{testNS}, nil }
