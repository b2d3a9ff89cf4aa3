package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// What was captured under a fence is the cut, also for a server that was never
// checkpointed and starts on a copy of it: what was in no file yet has been
// flushed, and nothing came after.
func TestRedisCaptureStartsCold(t *testing.T) {
	kinds := map[string][]string{
		"aof": {"--appendonly", "yes", "--save", ""},
		"rdb": {"--save", "3600", "1000000"},
	}
	for name, e := range map[string]redisEngine{
		"redis7.0": {product: "redis", version: "7.0"}, "valkey9.1": {product: "valkey", version: "9.1"},
	} {
		for kind, args := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) { captureStartsCold(t, e, args) })
		}
	}
}

func captureStartsCold(t *testing.T, e redisEngine, args []string) {
	d := harness.Shared(t)
	o := harness.RedisOptions{Engine: e.product, Version: e.version, ContainerOptions: harness.ContainerOptions{
		Annotations: fenced("lull/require", "clean"), Args: args,
	}}
	r := d.Redis(t, o)
	load := harness.LoadOn(t, r.Store(), trickle())
	load.Wait(t, 20)
	var ref string
	start, end := load.Cut(func() { ref = takeCheckpoint(t, database{Container: r.Container}, true) })
	m := d.Manifest(t, ref)
	if m.Reached.Level != manifest.Clean {
		t.Errorf("reached %+v", m.Reached)
	}
	load.Wait(t, 20)
	load.Stop()
	r.Kill(t)
	r.Remove(t)

	o.Volume, o.Annotations, o.Args = d.Volume(t), nil, args
	if out, err := exec.Command("cp", "-aT", m.Volumes[0].Capture.Path, o.Volume).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v\n%s", err, out)
	}
	cold := d.Redis(t, o)
	state, err := cold.Store().Read(t.Context())
	must(t, err)
	report, err := ledger.Check(load.Log.History(), state, ledger.AtCut(start, end))
	must(t, err)
	if report.Err() != nil {
		t.Errorf("what was captured is not the cut:\n%s", report)
	}
	t.Log(report)
}

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
