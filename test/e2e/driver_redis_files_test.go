package e2e

import (
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// With no file at all, the memory image alone brings everything back, and the
// manifest says what a cold start would find.
func TestRedisWithoutFiles(t *testing.T) {
	d := harness.Shared(t)
	r := d.Redis(t, harness.RedisOptions{Version: "7.0", ContainerOptions: harness.ContainerOptions{
		Annotations: annotations("lull/require", "clean"), Args: []string{"--save", ""},
	}})
	load := harness.LoadOn(t, r.Store(), trickle())
	load.Wait(t, 20)
	var ref string
	start, end := load.Cut(func() { ref = takeCheckpoint(t, database{Container: r.Container}, true) })
	m := d.Manifest(t, ref)
	if m.Database.Durability["cold_start"] != "nothing" || !strings.Contains(strings.Join(m.Reached.Warnings, "\n"), "a cold start is empty") {
		t.Errorf("durability %v, reached %+v", m.Database.Durability, m.Reached)
	}
	load.Wait(t, 20)
	r.Kill(t)
	r.Remove(t)
	restored := load.Log.Now()
	d.Ctr(t, "containers", "restore", "--rw", "--live", r.ID, ref)
	r.WaitAnswer(t)
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	r.Remove(t)
	r.NoTraces(t)
}
