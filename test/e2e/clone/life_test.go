package clone

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// What goes wrong while a clone is made leaves nothing, at once or, after a
// kill, with the next command; and clones end when they are told to.
func TestCloneLife(t *testing.T) {
	d := harness.Start(t, harness.Options{Config: "[defaults]\nrestore_deadline = \"2m\"\n"})
	o := harness.PostgresOptions{}
	o.Annotations = map[string]string{"lull/on-clone": "CREATE TABLE labelled (n int)"}
	pg := d.Postgres(t, o)
	ref := checkpoint(t, pg)
	for _, point := range making() {
		t.Run("error/"+point, func(t *testing.T) { decisive(t, point, "clone.verified"); failsAt(t, d, ref, point) })
		t.Run("kill/"+point, func(t *testing.T) { decisive(t, point, "clone.volumes", "clone.verified"); killedAt(t, d, ref, point) })
	}
	t.Run("kill/remove", func(t *testing.T) { killedInRemove(t, d, ref) })
	for _, point := range append([]string{"lull.rewind"}, making()...) {
		t.Run("kill/reset/"+point, func(t *testing.T) { decisive(t, point, "clone.volumes"); killedInReset(t, d, ref, point) })
	}
	t.Run("altered", func(t *testing.T) { altered(t, d, ref) })
	t.Run("on-clone", func(t *testing.T) { runsStatements(t, d, ref) })
	t.Run("network", func(t *testing.T) { networkOf(t, d, ref) })
	t.Run("variables", func(t *testing.T) { harness.Full(t); variables(t, d, ref) })
	t.Run("ends", func(t *testing.T) { ends(t, d, ref) })
	pg.WaitAnswer(t)
}

// making are all the points of a clone's making, in their order.
func making() []string {
	points := []string{"lull.claim", "lull.memory", "lull.lay"}
	for _, step := range clone.Steps() {
		points = append(points, "clone."+step)
	}
	return append(points, "clone.placed", "lull.container", "lull.restore", "lull.verify", "lull.settle", "clone.verified")
}

// decisive leaves all points but some to the full run.
func decisive(t *testing.T, point string, some ...string) {
	t.Helper()
	if !slices.Contains(some, point) {
		harness.Full(t)
	}
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
func killedInReset(t *testing.T, d *harness.Daemon, ref, point string) {
	name := harness.Name(t, "k")
	c := d.Clone(t, ref, name)[0]
	c.Exec(t, "CREATE TABLE mine (n int)")
	d.Fail(t, point, "kill")
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

// runsStatements: those of a file go before those of the label, at a reset too.
func runsStatements(t *testing.T, d *harness.Daemon, ref string) {
	file := filepath.Join(t.TempDir(), "on-clone.sql")
	must(t, os.WriteFile(file, []byte("CREATE TABLE made_by (\n  who text);\nINSERT INTO made_by VALUES ('lull');\n"), 0o600))
	name, labelled := harness.Name(t, "k"), harness.Name(t, "k")
	ran(t, d.Clone(t, ref, labelled)[0], "labelled", "made_by")
	c := d.Clone(t, ref, name, "--on-clone="+file)[0]
	ran(t, c, "made_by", "labelled")
	c.Exec(t, "DROP TABLE made_by")
	ran(t, d.Reset(t, name), "made_by", "labelled")
	d.Lull(t, "clone", "rm", name, labelled)
	must(t, os.WriteFile(file, []byte("CREATE TABEL;"), 0o600))
	if o := d.TryLull(t, "clone", ref, name, "--on-clone="+file); o.Code != 10 {
		t.Errorf("a statement that is wrong: %s", o)
	}
	gone(t, d, name)
}

func ran(t *testing.T, c *harness.Clone, made, unmade string) {
	t.Helper()
	if c.Query(t, "SELECT to_regclass('"+made+"')::text") == "" || c.Query(t, "SELECT to_regclass('"+unmade+"')::text") != "" {
		t.Errorf("%s has no table %s, or has %s", c.ID, made, unmade)
	}
}

func ends(t *testing.T, d *harness.Daemon, ref string) {
	short, removed := harness.Name(t, "k"), harness.Name(t, "k")
	if c := d.Clone(t, ref, short, "--ttl=2s")[0]; c.Expires.IsZero() {
		t.Error("it does not say when it ends")
	}
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
