package clone

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// What goes wrong while a clone is made leaves nothing, at once or, after a
// kill, with the next command; and clones end when they are told to.
func TestCloneLife(t *testing.T) {
	harness.Full(t)
	d := harness.Start(t, harness.Options{})
	pg := d.Postgres(t, harness.PostgresOptions{})
	ref := checkpoint(t, pg)
	for _, step := range []string{"captures", "network", "wall", "volumes", "placed", "verified"} {
		t.Run("error/"+step, func(t *testing.T) { failsAt(t, d, ref, "clone."+step) })
	}
	for _, step := range []string{"captures", "network", "wall", "volumes", "placed", "verified"} {
		t.Run("kill/"+step, func(t *testing.T) {
			if step != "volumes" && step != "verified" {
				harness.Full(t)
			}
			killedAt(t, d, ref, "clone."+step)
		})
	}
	t.Run("kill/remove", func(t *testing.T) { killedInRemove(t, d, ref) })
	t.Run("kill/reset", func(t *testing.T) { killedInReset(t, d, ref) })
	t.Run("on-clone", func(t *testing.T) { runsStatements(t, d, ref) })
	t.Run("ends", func(t *testing.T) { ends(t, d, ref) })
	pg.WaitAnswer(t)
}

func failsAt(t *testing.T, d *harness.Daemon, ref, failpoint string) {
	name := harness.Name(t, "k")
	d.Fail(t, failpoint, "error")
	if o := d.TryLull(t, "clone", ref, name); o.Code == 0 {
		t.Errorf("it succeeded: %s", o)
	}
	gone(t, d, name)
}

func gone(t *testing.T, d *harness.Daemon, name string) {
	t.Helper()
	(&harness.Container{ID: name, Daemon: d}).NoTraces(t)
	d.NoClones(t)
}

// killedAt kills one command, and looks at what the next one leaves.
func killedAt(t *testing.T, d *harness.Daemon, ref, failpoint string) {
	name := harness.Name(t, "k")
	d.Fail(t, failpoint, "kill")
	if o := d.TryLull(t, "clone", ref, name); o.Code != -1 {
		t.Errorf("it was not killed: %s", o)
	}
	sweptByTheNext(t, d, ref, name)
}

func sweptByTheNext(t *testing.T, d *harness.Daemon, ref, name string) {
	t.Helper()
	d.Fail(t, "clone.captures", "error")
	if o := d.TryLull(t, "clone", ref, harness.Name(t, "k")); o.Code == 0 {
		t.Errorf("it succeeded: %s", o)
	}
	gone(t, d, name)
}

func killedInRemove(t *testing.T, d *harness.Daemon, ref string) {
	name := harness.Name(t, "k")
	d.Clone(t, ref, name)
	d.Fail(t, "clone.remove", "kill")
	if o := d.TryLull(t, "clone", "rm", name); o.Code != -1 {
		t.Errorf("it was not killed: %s", o)
	}
	sweptByTheNext(t, d, ref, name)
}

// killedInReset leaves a clone that can be reset again.
func killedInReset(t *testing.T, d *harness.Daemon, ref string) {
	name := harness.Name(t, "k")
	c := d.Clone(t, ref, name)[0]
	c.Exec(t, "CREATE TABLE mine (n int)")
	d.Fail(t, "clone.volumes", "kill")
	if o := d.TryLull(t, "reset", name); o.Code != -1 {
		t.Errorf("it was not killed: %s", o)
	}
	again := d.Reset(t, name)
	if again.URL != c.URL || again.Query(t, "SELECT to_regclass('mine')::text") != "" {
		t.Errorf("%s is %s", c.URL, again.URL)
	}
	d.Lull(t, "clone", "rm", name)
	gone(t, d, name)
}

func runsStatements(t *testing.T, d *harness.Daemon, ref string) {
	file := filepath.Join(t.TempDir(), "on-clone.sql")
	must(t, os.WriteFile(file, []byte("CREATE TABLE made_by (\n  who text);\nINSERT INTO made_by VALUES ('lull');\n"), 0o600))
	name := harness.Name(t, "k")
	c := d.Clone(t, ref, name, "--on-clone="+file)[0]
	if who := c.Query(t, "SELECT who FROM made_by"); who != "lull" {
		t.Errorf("made by %q", who)
	}
	c.Exec(t, "DELETE FROM made_by")
	if who := d.Reset(t, name).Query(t, "SELECT who FROM made_by"); who != "lull" {
		t.Errorf("after the reset made by %q", who)
	}
	d.Lull(t, "clone", "rm", name)
	must(t, os.WriteFile(file, []byte("CREATE TABEL;"), 0o600))
	if o := d.TryLull(t, "clone", ref, name, "--on-clone="+file); o.Code != 10 {
		t.Errorf("a statement that is wrong: %s", o)
	}
	gone(t, d, name)
}

func ends(t *testing.T, d *harness.Daemon, ref string) {
	short, removed := harness.Name(t, "k"), harness.Name(t, "k")
	d.Clone(t, ref, short, "--ttl=2s")
	c := d.Clone(t, ref, removed, "--rm", "--ttl=1h")[0]
	c.WaitAnswer(t)
	harness.Eventually(t, "the clone has ended when its time was over", func() bool { return !there(d, short) })
	d.Ctr(t, "tasks", "kill", "--signal", "SIGKILL", removed)
	harness.Eventually(t, "the clone is removed with its server's end", func() bool { return !there(d, removed) })
	harness.Eventually(t, "what they shared is removed", func() bool { return len(d.CloneMemory()) == 0 })
	gone(t, d, short)
	gone(t, d, removed)
}

func there(d *harness.Daemon, name string) bool {
	_, err := os.Stat(d.CloneDir(name))
	return err == nil
}
