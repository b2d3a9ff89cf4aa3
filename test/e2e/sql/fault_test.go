package sql

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// TestFaultEngines kills the agent and the client at the steps of a checkpoint.
// Afterwards the database takes writes, while the sequence still hangs where
// its locks die with the agent, nothing stays locked in it, on a warm copy or
// on a cold one, and nothing that was acknowledged is missing.
func TestFaultEngines(t *testing.T) {
	for _, k := range kinds() {
		if k.is("postgres") || k.version == "11.8" || k.version == "7.0" || k.version == "8.1" {
			continue // TestFault has PostgreSQL; one version of a product is enough
		}
		t.Run(k.name(), func(t *testing.T) {
			if !k.is("mysql", "redis") {
				harness.Full(t)
			}
			faults(t, k)
		})
	}
}

func faults(t *testing.T, k kind) {
	v := newVictim(t, k)
	for _, step := range steps("prove", "freeze") {
		if talks(step) {
			t.Run("agent killed at "+step, func(t *testing.T) { v.killAgent(t, step) })
		}
	}
	for _, step := range steps("prove", "dump") {
		t.Run("client killed at "+step, func(t *testing.T) { v.killClient(t, step) })
	}
	v.load.Check(t, ledger.Intact())
	t.Run("warm copy", v.warm)
}

// steps are the decisive ones, or in a full run all of them.
func steps(decisive ...string) []string {
	if everyStep() {
		return engine.CheckpointSteps()
	}
	return decisive
}

func everyStep() bool { return harness.FullOr(0, 1) == 1 }

// talks is true for the steps before which an agent lives and holds something
// or may.
func talks(step string) bool {
	return slices.Contains([]string{"preflight", "plan", "flush", "drain", "fence", "flush again", "evidence", "native AIO", "prove", "freeze"}, step)
}

// victim is a database under load that no fault may hurt.
type victim struct {
	*server
	load      *harness.Load
	pid, shim int
}

func newVictim(t *testing.T, k kind) *victim {
	t.Helper()
	annotations := patient("lull/mode", "fence", "lull/on-drift", "rollback", "lull/require", "crash-consistent",
		"lull/max-frozen", "30s") // that no dump outlasts on a loaded machine
	v := &victim{server: k.run(t, harness.Shared(t), options{annotations: annotations})}
	v.pid, v.shim, v.load = v.PID(t), v.ShimPID(t), harness.LoadOn(t, v.store, trickle())
	v.load.Wait(t, 2)
	return v
}

// hang has a checkpoint hang before a step.
func (v *victim) hang(t *testing.T, step string) (c *harness.Command, goOn func()) {
	t.Helper()
	failpoint := "checkpoint." + step
	v.Daemon.Fail(t, failpoint, "hang")
	c = v.Daemon.StartCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), v.ID)
	harness.Eventually(t, "the sequence hangs at "+step, func() bool { return v.Daemon.Hangs(failpoint) || c.Ended() })
	if c.Ended() {
		t.Fatalf("it did not hang: %s", c.Wait(t))
	}
	return c, func() { v.Daemon.Unfail(t, failpoint) }
}

// killAgent kills the agent while the sequence hangs: only its death, or the
// end of a pause, can have let the writers go on.
func (v *victim) killAgent(t *testing.T, step string) {
	c, goOn := v.hang(t, step)
	agents := harness.AgentPIDs(v.shim)
	if len(agents) != 1 {
		t.Fatalf("agents: %v", agents)
	}
	if err := unix.Kill(agents[0], unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if v.is("mysql", "mariadb") || everyStep() { // a pause of Redis takes its 30 s to end
		v.load.Wait(t, 2)
		if c.Ended() {
			t.Fatalf("the sequence did not hang, so it proves nothing: %s", c.Wait(t))
		}
	}
	goOn()
	t.Log(c.Wait(t))
	v.healthy(t)
}

// killClient kills ctr during a step. Before the Checkpoint call the pause
// stays the user's, then the watchdog ends it.
func (v *victim) killClient(t *testing.T, step string) {
	c, goOn := v.hang(t, step)
	c.Signal(t, unix.SIGKILL)
	c.Wait(t)
	goOn()
	if inPause(step) {
		v.WaitStatus(t, harness.Paused)
		v.Daemon.Ctr(t, "tasks", "resume", v.ID)
	} else {
		v.WaitRecord(t, "the watchdog thaws", func(r state.Record) bool {
			return r.Phase == state.Open && strings.Contains(r.Error, "watchdog")
		})
	}
	v.healthy(t)
}

func inPause(step string) bool {
	all := engine.CheckpointSteps()
	return slices.Index(all, step) < slices.Index(all, "require")
}

// healthy is what every fault must leave: the same process, running, written
// to, unlocked, let in, and ready for the next checkpoint.
func (v *victim) healthy(t *testing.T) {
	t.Helper()
	if pid := v.PID(t); pid != v.pid {
		t.Fatalf("the container's first process was %d and is %d", v.pid, pid)
	}
	v.WaitStatus(t, harness.Running)
	if frozen, err := v.Freezer(t).Frozen(); err != nil || frozen {
		t.Errorf("the kernel says frozen: %t, %v", frozen, err)
	}
	v.load.Wait(t, 2)
	v.unlocked(t)
	harness.Eventually(t, "no agent is left", func() bool { return len(harness.AgentPIDs(v.shim)) == 0 })
	v.Daemon.Ctr(t, "tasks", "exec", "--exec-id", harness.Name(t, "x"), v.ID, "true")
	if r := v.Record(t); r.Phase != state.Open {
		t.Errorf("lull's record says %q", r.Phase)
	}
}

// warm loses the database and has it back from a checkpoint under a fence.
// (TestColdStart has the cold copy.)
func (v *victim) warm(t *testing.T) {
	ref := harness.Name(t, "cp") + ":latest"
	v.image(t, ref, true)
	m := v.Daemon.Manifest(t, ref)
	if !m.Reached.Fenced {
		t.Errorf("reached %+v", m.Reached)
	}
	v.unlocked(t)
	v.Kill(t)
	v.Remove(t)
	v.Daemon.Lull(t, "restore", ref)
	v.answer(t)
	v.unlocked(t)
	v.drop(t, ref, m)
	v.Remove(t)
	v.NoTraces(t)
}
