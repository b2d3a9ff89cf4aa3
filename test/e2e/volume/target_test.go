package volume

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// Where the captures cannot be written the checkpoint is refused in words, the
// database goes on, and nothing is left.
func TestTargets(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	pg := d.Postgres(t, harness.PostgresOptions{ContainerOptions: harness.ContainerOptions{
		Annotations: map[string]string{"lull/pause-budget": "1m", "lull/max-frozen": "5m"},
	}})
	load := pg.LoadLike(t, ledger.Load{Clients: 3, Pause: 10 * time.Millisecond})
	load.Wait(t, 10)
	store := filepath.Join(d.Data, "captures")
	harness.MustRun(t, "mkdir", "-p", store)
	for name, c := range map[string]struct {
		options string
		code    int
	}{
		"full":               {"size=8m", 13},
		"read-only":          {"ro", 9},
		"full in the middle": {"size=4g,nr_inodes=200", 9}, // which no look before can foresee
	} {
		t.Run(name, func(t *testing.T) {
			harness.Mount(t, store, "-t", "tmpfs", "-o", c.options, "tmpfs")
			d.Fail(t, "checkpoint.freeze", "hang") // want of room is seen before it
			if c.code != 13 {
				d.Unfail(t, "checkpoint.freeze")
			}
			if o := d.TryLull(t, "checkpoint", pg.ID); o.Code != c.code {
				t.Errorf("exit code %d, not %d: %s", o.Code, c.code, o)
			}
			d.Unfail(t, "checkpoint.freeze")
			if o := d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), pg.ID); o.Code == 0 {
				t.Errorf("ctr's succeeded: %s", o)
			}
			load.Wait(t, 5)
			pg.WaitStatus(t, harness.Running)
			nothingIn(t, store)
		})
	}
	load.Check(t, ledger.Intact())
}

// nothingIn a store: no more than the folder that all checkpoints' are in.
func nothingIn(t *testing.T, store string) {
	t.Helper()
	for _, pattern := range []string{"*", "checkpoints/*"} {
		left, err := filepath.Glob(filepath.Join(store, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range left {
			if path != filepath.Join(store, "checkpoints") {
				t.Errorf("left in the store: %s", path)
			}
		}
	}
}
