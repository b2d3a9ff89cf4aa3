package engines

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// Programs that call containerd's Go client, each in its own way, on every
// containerd.
func TestClient(t *testing.T) {
	for version, part := range containerds {
		t.Run(version, func(t *testing.T) {
			if version != "2.4" {
				harness.Full(t)
			}
			d := harness.Start(t, harness.Options{Engine: part})
			for name, way := range clients {
				t.Run(name, func(t *testing.T) { newRun(t, d, "redis 8.0").there(t, way) })
			}
		})
	}
}

var clients = map[string]way{
	"container": {containerCheckpoint, kill, containerRestore},
	"path":      {pathCheckpoint, killTask, pathRestore},
	"nerdctl":   {nerdctlCheckpoint, stoppedTask, nerdctlRestore},
}

// containerCheckpoint is the one call that does not pause first.
func containerCheckpoint(t *testing.T, r *run) string {
	ref := harness.Name(t, "cp") + ":latest"
	_, err := r.container(t).Checkpoint(t.Context(), ref,
		client.WithCheckpointImage, client.WithCheckpointTask, client.WithCheckpointRuntime, client.WithCheckpointRW)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func containerRestore(t *testing.T, r *run) {
	c := r.d.Client(t)
	image, err := c.GetImage(t.Context(), r.ref)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Restore(t.Context(), r.db.ID, image, client.WithRestoreImage, client.WithRestoreSpec, client.WithRestoreRuntime, client.WithRestoreRW)
	if err != nil {
		t.Fatal(err)
	}
	r.startTask(t, client.WithTaskCheckpoint(image))
}

// pathCheckpoint has CRIU's images written into a folder of the client's.
func pathCheckpoint(t *testing.T, r *run) string {
	dir := t.TempDir()
	r.d.Ctr(t, "tasks", "checkpoint", "--image-path", dir, r.db.ID)
	return dir
}

// pathRestore leaves the folder as it is: it is not the daemon's.
func pathRestore(t *testing.T, r *run) {
	r.startTask(t, client.WithRestoreImagePath(r.ref))
	if _, err := manifest.Verify(t.Context(), r.ref); err != nil {
		t.Errorf("%s after a restore from it: %v", filepath.Base(r.ref), err)
	}
}

// killTask loses the task and keeps the container.
func killTask(t *testing.T, r *run) {
	r.load.Wait(t, 5)
	r.db.Kill(t)
	r.d.Ctr(t, "tasks", "delete", r.db.ID)
}

func stoppedTask(t *testing.T, r *run) {
	r.db.WaitStatus(t, harness.Stopped, harness.NoTask)
	if r.db.Status(t) != harness.NoTask {
		r.d.Ctr(t, "tasks", "delete", r.db.ID)
	}
}

func (r *run) container(t *testing.T) client.Container {
	t.Helper()
	c, err := r.d.Client(t).LoadContainer(t.Context(), r.db.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *run) startTask(t *testing.T, opts ...client.NewTaskOpts) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // the task outlives it
	task, err := r.container(t).NewTask(ctx, cio.LogFile(r.db.Log), opts...)
	if err == nil {
		err = task.Start(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
}
