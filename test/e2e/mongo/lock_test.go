package mongo

import (
	"os"
	"path/filepath"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// An agent that dies under the lock cannot unlock any more, and the lock has no
// end: by the journal another one unlocks, at once.
func TestAgentThatDies(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, fenced())
	load := harness.LoadOn(t, db.Store(), trickle())
	for _, point := range []string{"agent.plan", "agent.fence", "agent.flush", "agent.evidence", "agent.ping"} {
		t.Run(point, func(t *testing.T) {
			load.Wait(t, 10)
			d.Fail(t, point, "kill")
			refuses(t, d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID), "agent")
			free(t, db, load)
		})
	}
	load.Check(t, ledger.Intact())
	db.Remove(t)
	db.NoTraces(t)
}

// free sees that nothing of lull's is left in a server that goes on.
func free(t *testing.T, db *harness.Mongo, load *harness.Load) {
	t.Helper()
	if db.Locked(t) {
		t.Error("the server is locked")
	}
	if _, err := os.Stat(filepath.Join(db.StateDir(), "journal.json")); !os.IsNotExist(err) {
		t.Errorf("the journal is still there: %v", err)
	}
	load.Wait(t, 10)
}

// A client that is killed leaves nothing locked: what it had paused is
// resumed, and what it was checkpointing the watchdog thaws.
func TestClientThatDies(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, fenced("lull/max-frozen", "5s"))
	load := harness.LoadOn(t, db.Store(), trickle())
	for _, step := range []string{"prove", "capture", "dump"} {
		t.Run(step, func(t *testing.T) {
			load.Wait(t, 10)
			failpoint := "checkpoint." + step
			d.Fail(t, failpoint, "hang")
			c := d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID)
			harness.Eventually(t, "the sequence hangs at "+step, func() bool { return d.Hangs(failpoint) })
			c.Signal(t, unix.SIGKILL)
			c.Wait(t)
			d.Unfail(t, failpoint)
			if step == "prove" { // a bare pause is the user's business
				db.WaitStatus(t, harness.Paused)
				d.Ctr(t, "tasks", "resume", db.ID)
			}
			load.Wait(t, 10)
			harness.Eventually(t, "the journal is gone", func() bool {
				_, err := os.Stat(filepath.Join(db.StateDir(), "journal.json"))
				return os.IsNotExist(err)
			})
			free(t, db, load)
		})
	}
	load.Check(t, ledger.Intact())
	db.Remove(t)
	db.NoTraces(t)
}

// Somebody's fsyncLock refuses the checkpoint and survives it, as often as it
// was taken; a checkpoint that does not require anything leaves it too.
func TestSomebodysLock(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, fenced("lull/require", "flushed"))
	for range 2 {
		db.Admin(t, bson.D{{Key: "fsync", Value: 1}, {Key: "lock", Value: true}})
	}
	refuses(t, d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID), "fsyncLock", "db.fsyncUnlock()")
	if n := db.Admin(t, bson.D{{Key: "fsyncUnlock", Value: 1}})["lockCount"]; n != int64(1) {
		t.Errorf("of two locks %v were left after one was taken away", n)
	}
	db.Admin(t, bson.D{{Key: "fsyncUnlock", Value: 1}})
	d.Ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID)
	if db.Locked(t) {
		t.Error("the server is locked")
	}
	db.Remove(t)
	db.NoTraces(t)
}

// A lock that comes between lull's plan and its fence is seen by its count:
// lull takes its own away and goes without a fence.
func TestLockBetweenPlanAndFence(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, fenced())
	d.Fail(t, "checkpoint.fence", "hang")
	c := d.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID)
	harness.Eventually(t, "the sequence hangs behind the plan", func() bool { return d.Hangs("checkpoint.fence") })
	db.Admin(t, bson.D{{Key: "fsync", Value: 1}, {Key: "lock", Value: true}})
	d.Unfail(t, "checkpoint.fence")
	t.Log(c.Wait(t))
	if n := db.Admin(t, bson.D{{Key: "fsyncUnlock", Value: 1}})["lockCount"]; n != int64(0) {
		t.Errorf("somebody's one lock was taken away, and %v were left", n)
	}
	db.Remove(t)
	db.NoTraces(t)
}
