package engines

import (
	"testing"
	"time"

	apievents "github.com/containerd/containerd/api/events"
	"github.com/containerd/typeurl/v2"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// That a restored container runs out of memory is told, as of any other. The
// stock shim does not.
func TestOutOfMemory(t *testing.T) {
	d := harness.Start(t, harness.Options{})
	const limit, more = "100663296", "300000000" // bytes
	db := d.Redis(t, harness.RedisOptions{Version: "8.0", ContainerOptions: harness.ContainerOptions{Flags: []string{"--memory-limit", limit}}})
	r := &run{d: d, db: &harness.Database{Container: db.Container}}
	r.ref = ctrCheckpoint(t, r)
	db.Kill(t)
	db.Remove(t)
	d.Lull(t, "restore", "--rollback", r.ref)
	db.WaitAnswer(t)

	told, failed := d.Client(t).EventService().Subscribe(t.Context(), `topic=="/tasks/oom"`)
	eating := d.TryCtr(t, "tasks", "exec", "--exec-id", "eat", db.ID, "redis-cli", "-a", harness.Canary, "SETRANGE", "eaten", more, "x")
	for {
		select {
		case e := <-told:
			var oom apievents.TaskOOM
			if err := typeurl.UnmarshalTo(e.Event, &oom); err != nil {
				t.Fatal(err)
			}
			if oom.ContainerID == db.ID {
				return
			}
		case err := <-failed:
			t.Fatal(err)
		case <-time.After(time.Minute):
			t.Fatalf("nobody was told: %s", eating)
		}
	}
}
