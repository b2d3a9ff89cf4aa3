// Package torture checkpoints, kills and restores one database for as long as
// it is told, at moments that nobody chose.
package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// TestRounds plays rounds of checkpoint, writes, kill and restore for
// $LULL_TORTURE, a duration. Each round is judged by a ledger of its own.
func TestRounds(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("LULL_TORTURE"))
	if err != nil {
		t.Skip("LULL_TORTURE names no duration; `make torture DURATION=10m` sets it")
	}
	d := harness.Shared(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	for n, end := 0, time.Now().Add(lasts); time.Now().Before(end); n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) { round(t, d, random) })
	}
}

func round(t *testing.T, d *harness.Daemon, random *rand.Rand) {
	annotations := map[string]string{"lull/on-drift": "rollback"}
	if random.IntN(2) == 0 {
		annotations["lull/mode"] = "fence"
	}
	pg := d.Postgres(t, harness.PostgresOptions{
		Version: "17", Rw: random.IntN(3) == 0,
		ContainerOptions: harness.ContainerOptions{Annotations: annotations},
	})
	load := pg.Load(t, 1+random.IntN(6))
	load.Wait(t, 1+random.Int64N(50))
	ref := harness.Name(t, "ref")
	start, end := load.Cut(func() {
		d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, ref)
	})
	load.Wait(t, 1+random.Int64N(100))
	pg.Kill(t)
	pg.Remove(t)
	restored := load.Log.Now() // nobody writes between the kill and the restore
	d.Ctr(t, "containers", "restore", "--rw", "--live", pg.ID, ref)
	load.Wait(t, 10)
	load.Check(t, ledger.Continues(start, end, restored))
	pg.Remove(t)
}
