package volume

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
	"github.com/lull-containers/lull/volume/shm"
)

// A /dev/shm that is a bind mount, as Docker's shareable one, Podman's and a
// pod's are, is in no image of CRIU's. It comes back all the same, also where
// the engine has emptied it meanwhile.
func TestSharedMemory(t *testing.T) {
	d := harness.Shared(t)
	memory := d.Volume(t)
	harness.Mount(t, memory, "-t", "tmpfs", "tmpfs")
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		Mounts: map[string]string{"/dev/shm": memory},
		Annotations: map[string]string{
			"lull/on-drift": "rollback", "lull/pause-budget": "1m", "lull/max-frozen": "5m", "lull/restore-deadline": "2m",
		},
	}})
	load := pg.LoadLike(t, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	load.Wait(t, 20)
	ref := harness.Name(t, "cp") + ":latest"
	start, end := load.Cut(func() { d.Lull(t, "checkpoint", pg.ID, ref) })
	m := d.Manifest(t, ref)
	if !slices.ContainsFunc(m.Files, func(f manifest.File) bool { return f.Name == shm.FileName && f.Size > 1<<10 }) {
		t.Errorf("no %s among %+v", shm.FileName, m.Files)
	}
	load.Wait(t, 20)
	pg.Kill(t)
	pg.Remove(t)
	empty(t, memory)
	restored := load.Log.Now()
	d.Ctr(t, "containers", "restore", "--rw", "--live", pg.ID, ref)
	pg.WaitAnswer(t)
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	pg.Remove(t)
	pg.NoTraces(t)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was in %s: %v", dir, err)
	}
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			t.Fatal(err)
		}
	}
}
