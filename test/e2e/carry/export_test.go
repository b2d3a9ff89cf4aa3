package carry

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// An exported file is read by checkpointctl as it is by lull on another
// machine.
func TestExport(t *testing.T) {
	here, there := harness.Shared(t), harness.Machine(t)
	db := redis(t, here)
	ref := harness.Name(t, "cp") + ":latest"
	here.Lull(t, "checkpoint", db.ID, ref)
	file := filepath.Join(t.TempDir(), "exported.tar")
	exported := answer(t, here.Lull(t, "export", "--json", ref, file))
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st, err)
	}
	if o := here.TryLull(t, "export", ref, file); o.Code != 14 {
		t.Errorf("over a file that is there: %s", o)
	}
	checkpointctl(t, here, db, file)
	imported := answer(t, there.Lull(t, "import", "--json", file))
	if imported.ID != exported.ID || imported.Ref != ref {
		t.Errorf("exported %+v, imported %+v", exported, imported)
	}
	there.Lull(t, "verify", ref)
	key, identity := keys(t)
	secret := filepath.Join(t.TempDir(), "secret.tar")
	here.Lull(t, "export", "--recipient", key, ref, secret)
	there.Lull(t, "import", "--identity", identity, secret, "again:latest")
}

// checkpointctl shows what lull wrote: the container, and CRIU's processes and
// statistics out of its images.
func checkpointctl(t *testing.T, d *harness.Daemon, db database, file string) {
	t.Helper()
	tool, err := d.Lab.Aside("checkpointctl")
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), tool.Path("checkpointctl"), args...)
		cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
		o := harness.Run(t, cmd)
		if o.Code != 0 {
			t.Fatal(o)
		}
		return o.Stdout
	}
	shown := run("show", file)
	for _, word := range []string{db.ID, "redis:8.0", "containerd"} {
		if !strings.Contains(shown, word) {
			t.Errorf("no %q in %s", word, shown)
		}
	}
	var seen []struct {
		Name  string `json:"container_name"`
		Image string `json:"image"`
		Stats *struct {
			Pages uint64 `json:"pages_written"`
		} `json:"statistics"`
		Tree *struct {
			Command string `json:"command"`
		} `json:"process_tree"`
	}
	text := run("inspect", "--format", "json", "--ps-tree", "--stats", file)
	if err := json.Unmarshal([]byte(text), &seen); err != nil || len(seen) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	if s := seen[0]; s.Name != db.ID || s.Stats == nil || s.Stats.Pages == 0 || s.Tree == nil || !strings.Contains(s.Tree.Command, "redis") {
		t.Errorf("%s", text)
	}
}
