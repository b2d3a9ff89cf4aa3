package sql

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// A shim that is killed in the middle of a checkpoint takes its container with
// it, and nothing else: no process stays frozen, and the files start without
// loss under a server that goes on. Redis has them in its append-only file.
func TestShimKilled(t *testing.T) {
	harness.Full(t)
	for _, k := range []kind{{"mysql", "9.7", nil}, {"redis", "8.0", aof}} {
		t.Run(k.name(), func(t *testing.T) {
			v := newVictim(t, k)
			v.hang(t, "dump")
			if err := unix.Kill(v.shim, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			v.WaitStatus(t, harness.NoTask)
			v.NoTraces(t)
			v.Remove(t)
			cold := k.run(t, v.Daemon, options{id: v.ID, volume: v.volume, annotations: map[string]string{"lull/engine": "none"}})
			v.load.Wait(t, 2)
			v.load.Check(t, ledger.Intact())
			cold.unlocked(t)
			cold.Remove(t)
		})
	}
}
