package engines

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// nerdctl itself, where there is one.
func TestNerdctl(t *testing.T) {
	program := os.Getenv("LULL_TEST_NERDCTL")
	if program == "" {
		t.Skip("LULL_TEST_NERDCTL names no nerdctl, and no registry here has one; TestClient calls what it calls")
	}
	d := harness.Start(t, harness.Options{})
	d.Need(t, "redis:8.0")
	folder, volume := t.TempDir(), d.Volume(t)
	nerdctl := func(args ...string) string {
		global := []string{"--address", d.Address, "--namespace", d.Namespace, "--data-root", filepath.Join(d.Data, "nerdctl"), "--cgroup-manager", "cgroupfs"}
		o := harness.RunProgram(t.Context(), t, program, append(global, args...)...)
		if o.Code != 0 {
			t.Fatal(o)
		}
		return strings.TrimSpace(o.Stdout)
	}
	id := nerdctl("run", "--detach", "--network", "none", "--volume", volume+":/data", "--label", "lull/on-drift=rollback",
		"redis:8.0", "redis-server", "--requirepass", harness.Canary)
	db := d.Container(t, id).AsRedis("redis")
	db.WaitAnswer(t)
	load := harness.LoadOn(t, db.Store(), ledger.Load{Clients: 3})
	load.Wait(t, 5)
	start, end := load.Cut(func() { nerdctl("checkpoint", "create", "--checkpoint-dir", folder, id, "cut") })
	db.WaitStatus(t, harness.Stopped, harness.NoTask)
	restored := load.Log.Now()
	nerdctl("start", "--checkpoint-dir", folder, "--checkpoint", "cut", id)
	db.WaitAnswer(t)
	load.Wait(t, 5)
	load.Check(t, ledger.Continues(start, end, restored))
}

// nerdctlCheckpoint calls what nerdctl checkpoint create calls: the blob with
// CRIU's images is unpacked into a folder, and the rest is thrown away.
func nerdctlCheckpoint(t *testing.T, r *run) string {
	ctx, c, dir := t.Context(), r.d.Client(t), t.TempDir()
	task, err := r.container(t).Task(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	image, err := task.Checkpoint(ctx, func(i *client.CheckpointTaskInfo) error {
		i.Options = &options.CheckpointOptions{Exit: true}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := c.ContentStore().ReaderAt(ctx, memoryOf(t, c.ContentStore(), image.Target()))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := archive.Apply(ctx, dir, content.NewReader(reader)); err != nil {
		t.Fatal(err)
	}
	if err := c.ImageService().Delete(ctx, image.Name()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func memoryOf(t *testing.T, cs content.Provider, index ocispec.Descriptor) ocispec.Descriptor {
	t.Helper()
	raw, err := content.ReadBlob(t.Context(), cs, index)
	var parsed ocispec.Index
	if err == nil {
		err = json.Unmarshal(raw, &parsed)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(parsed.Manifests, func(d ocispec.Descriptor) bool { return d.MediaType == images.MediaTypeContainerd1Checkpoint })
	if at < 0 {
		t.Fatalf("no memory in %s", raw)
	}
	return parsed.Manifests[at]
}

// nerdctlRestore calls what nerdctl start --checkpoint calls: the folder becomes
// a blob again, which is gone after the start.
func nerdctlRestore(t *testing.T, r *run) {
	ctx, cs := t.Context(), r.d.Client(t).ContentStore()
	blob := packed(t, cs, r.ref)
	r.startTask(t, func(_ context.Context, _ *client.Client, i *client.TaskInfo) error {
		i.Checkpoint = blob
		return nil
	})
	if err := cs.Delete(ctx, digest.Digest(blob.Digest)); err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, cs content.Store, dir string) *types.Descriptor {
	t.Helper()
	w, err := cs.Writer(t.Context(), content.WithRef(harness.Name(t, "blob")))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	tar := archive.Diff(t.Context(), "", dir)
	defer tar.Close()
	size, err := io.Copy(w, tar)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Commit(t.Context(), size, "", content.WithLabels(map[string]string{"containerd.io/gc.root": "2026-11-30T00:00:00Z"}))
	if err != nil && !errdefs.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return &types.Descriptor{MediaType: images.MediaTypeContainerd1Checkpoint, Digest: w.Digest().String(), Size: size}
}
