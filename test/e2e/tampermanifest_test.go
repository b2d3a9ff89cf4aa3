package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// pending is a manifest as a checkpoint that never came to its end leaves it:
// its seal holds.
func pending(t *testing.T, a harness.Archive) harness.Archive {
	return rewritten(t, a, func(dir string, m *manifest.Manifest) error {
		if err := os.Remove(filepath.Join(dir, manifest.FileName)); err != nil {
			return err
		}
		m.Status, m.Files = manifest.Pending, nil
		return manifest.Write(dir, m)
	})
}

// poisoned is a manifest as the watchdog leaves it.
func poisoned(t *testing.T, a harness.Archive) harness.Archive {
	return rewritten(t, a, func(dir string, _ *manifest.Manifest) error { return manifest.Poison(dir, "a test said so") })
}

// rewritten has package manifest itself write another manifest in the place of
// the archive's.
func rewritten(t *testing.T, a harness.Archive, change func(dir string, m *manifest.Manifest) error) harness.Archive {
	t.Helper()
	f, dir := a.File(t, manifest.FileName), t.TempDir()
	name := filepath.Join(dir, manifest.FileName)
	if err := os.WriteFile(name, f.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := change(dir, m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f.Set(data)
	return a
}

// tamperedCapture: a rollback puts back what the checkpoint captured or
// nothing at all.
func tamperedCapture(t *testing.T, b *bench, pg *harness.Postgres, ref string) {
	written := filepath.Join(pg.Volume, "written-since")
	if err := os.WriteFile(written, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	capture := b.Manifest(t, ref).Volumes[0].Capture.Path
	putBack := flip(t, newestWAL(t, capture))
	before, beside := harness.TreeOf(t, pg.Volume), names(t, filepath.Dir(pg.Volume))
	b.Lull(t, "allow-rollback", pg.ID)
	b.refuses(t, pg.ID, ref, "[lull:altered]", capture, "nothing was changed")
	before.SameBelow(t, pg.Volume)
	if now := names(t, filepath.Dir(pg.Volume)); !slices.Equal(now, beside) {
		t.Errorf("beside the volume were %q and are %q", beside, now)
	}

	putBack()
	if err := os.Remove(written); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
