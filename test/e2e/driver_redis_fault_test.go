package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// An agent that dies under the fence cannot lift the pause any more: by the
// journal another one does, at once, and nobody waits for the pause to end.
func TestRedisAgentThatDies(t *testing.T) {
	d := harness.Shared(t)
	for _, point := range []string{"agent.fence", "agent.flush", "agent.evidence", "agent.ping"} {
		t.Run(point, func(t *testing.T) {
			r := d.Redis(t, harness.RedisOptions{Engine: "valkey", Version: "9.1", ContainerOptions: harness.ContainerOptions{
				Annotations: annotations(), Args: []string{"--appendonly", "yes"},
			}})
			load := harness.LoadOn(t, r.Store(), trickle())
			load.Wait(t, 20)
			d.Fail(t, point, "kill")
			mustRefuse(t, d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), r.ID), "agent")
			if p := r.Fact(t, "paused_actions"); p != "none" {
				t.Errorf("it is paused: %s, for %s ms more", p, r.Fact(t, "paused_timeout_milliseconds"))
			}
			if _, err := os.Stat(filepath.Join(r.StateDir(), "journal.json")); !os.IsNotExist(err) {
				t.Errorf("the journal is still there: %v", err)
			}
			load.Wait(t, 10)
			load.Check(t, ledger.Intact())
			r.Remove(t)
			r.NoTraces(t)
		})
	}
}

// A pause of somebody else's refuses the checkpoint and survives it.
func TestRedisThatIsPaused(t *testing.T) {
	d := harness.Shared(t)
	r := d.Redis(t, harness.RedisOptions{Engine: "valkey", Version: "8.1"})
	r.Query(t, "CLIENT", "PAUSE", 600_000, "WRITE")
	mustRefuse(t, d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), r.ID), "paused already", "CLIENT UNPAUSE")
	if p := r.Fact(t, "paused_actions"); p != "write" {
		t.Errorf("somebody else's pause is gone: %s", p)
	}
	r.Query(t, "CLIENT", "UNPAUSE")
	d.Ctr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), r.ID)
	r.Query(t, "SET", "written", "again")
}
