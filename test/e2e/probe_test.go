package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestProbe(t *testing.T) {
	at := time.Now()
	lap := func(what string) { t.Logf("%-20s %s", what, time.Since(at).Round(time.Millisecond)); at = time.Now() }
	d := harness.Start(t, harness.Options{})
	lap("daemon")
	d.Need(t, "postgres:17")
	lap("import 17")
	d.Need(t, "postgres:13")
	lap("import 13")
	pg := d.Postgres(t, harness.PostgresOptions{Version: "17"})
	lap("postgres 17")
	l := pg.Load(t, 3)
	lap("load")
	l.Wait(t, 20)
	lap("20 acks")
	start, end := l.Cut(func() { d.Ctr(t, "containers", "checkpoint", "--task", "--rw", "--image", pg.ID, "cp:1") })
	lap("checkpoint")
	l.Wait(t, 20)
	t.Log(l.Log.History().Stalls(start, end))
	pg.Kill(t)
	lap("kill")
	pg.Remove(t)
	lap("remove")
	d.Lull(t, "allow-rollback", pg.ID)
	lap("allow")
	restored := l.Log.Now()
	_ = restored
	d.Ctr(t, "containers", "restore", "--rw", "--live", pg.ID, "cp:1")
	lap("restore")
	pg.WaitAnswer(t)
	lap("answer")
	l.Wait(t, 20)
	lap("20 acks")
	pg.Remove(t)
	lap("remove")
}
