package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/volume"
)

const asideEnv = "LULL_TEST_ASIDE"

// A rollback whose process ended is listed, and what it keeps goes only where
// the restored contents stand.
func TestAsidesAreListedAndPruned(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: owners of files")
	}
	if base := os.Getenv(asideEnv); base != "" {
		rollBack(t, base, "stands").decide(t)
		rollBack(t, base, "stands not")
		return // and no more: as a kill would
	}
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), asideEnv+"="+base)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	asidesAre(t, base, map[string]string{"stands": asideDecided, "stands not": asideUndecided})
	for _, dryRun := range []bool{true, false} {
		gone, err := pruneAsides(t.Context(), asidesIn(base), dryRun)
		if err != nil || len(gone) != 1 || filepath.Base(gone[0].Volumes[0]) != "stands" {
			t.Errorf("%+v, %v", gone, err)
		}
	}
	asidesAre(t, base, map[string]string{"stands not": asideUndecided})
}

func asidesIn(base string) store.Captures { return store.CapturesIn(filepath.Join(base, "store")) }

func asidesAre(t *testing.T, base string, want map[string]string) {
	t.Helper()
	rows, err := asideRows(t.Context(), asidesIn(base))
	if err != nil || len(rows) != len(want) {
		t.Errorf("%+v, %v", rows, err)
	}
	for _, r := range rows {
		if name := filepath.Base(r.Volumes[0]); r.State != want[name] || len(r.Kept) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

type aside struct{ *volume.Rollback }

func (a aside) decide(t *testing.T) {
	if err := a.Decide(); err != nil {
		t.Fatal(err)
	}
}

func rollBack(t *testing.T, base, name string) aside {
	t.Helper()
	pair := volume.Pair{Capture: filepath.Join(base, "captures", name), Dst: filepath.Join(base, "volumes", name)}
	for _, dir := range []string{pair.Capture, pair.Dst} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r, err := volume.PutBack(t.Context(), []volume.Pair{pair}, volume.PutBackOptions{Records: asidesIn(base).AsideRecords()})
	if err != nil {
		t.Fatal(err)
	}
	return aside{r}
}
