package manifest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteThenReadGivesTheSame(t *testing.T) {
	dir, m := imageFolder(t), sample()
	if err := Write(dir, m); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got); d != "" {
		t.Error(d)
	}
	if slices.Contains(list(t, dir), tempName) {
		t.Error("the temp file stayed behind")
	}
}

func TestSealHashesTheWholeFolder(t *testing.T) {
	dir, m := sealedFolder(t)
	got, err := Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got); d != "" {
		t.Error(d)
	}
	var names []string
	for _, f := range got.Files {
		names = append(names, f.Name)
		if f.Size != int64(len(imageFiles[f.Name])) {
			t.Errorf("%s: %d bytes", f.Name, f.Size)
		}
	}
	want := []string{"core-1.img", "descriptors.json", "inventory.img", "lull-volume-0.list", "pages-1.img", "stats-dump"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}

func TestSealRefuses(t *testing.T) {
	other := sample()
	other.ID = NewID()
	below := sample()
	below.Asked.Require = Clean
	cases := map[string]struct {
		prepare func(t *testing.T, dir string)
		m       *Manifest
		want    error // nil: any
	}{
		"nothing pending":      {func(*testing.T, string) {}, sample(), ErrMissing},
		"another checkpoint":   {writes(other), sample(), ErrOccupied},
		"poisoned":             {poisons, sample(), ErrPoisoned},
		"a level below":        {writes(below), below, nil},
		"a folder in it":       {withFolder, sample(), ErrAltered},
		"a symlink in it":      {withSymlink, sample(), ErrAltered},
		"the volume's list is": {withoutList, sample(), nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := imageFolder(t)
			c.prepare(t, dir)
			before := *c.m
			err := Seal(t.Context(), dir, c.m)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("Seal: %v, want %v", err, c.want)
			}
			if d := cmp.Diff(&before, c.m); d != "" {
				t.Errorf("a failed Seal changed the manifest: %s", d)
			}
			if _, err := Verify(t.Context(), dir); err == nil {
				t.Error("it verifies all the same")
			}
		})
	}
}

func writes(m *Manifest) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := Write(dir, m); err != nil {
			t.Fatal(err)
		}
	}
}

func poisons(t *testing.T, dir string) {
	writes(sample())(t, dir)
	if err := Poison(dir, "thawed by the watchdog"); err != nil {
		t.Fatal(err)
	}
}

func withFolder(t *testing.T, dir string) {
	writes(sample())(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "work"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func withSymlink(t *testing.T, dir string) {
	writes(sample())(t, dir)
	if err := os.Symlink("..", filepath.Join(dir, "parent")); err != nil {
		t.Fatal(err)
	}
}

func withoutList(t *testing.T, dir string) {
	writes(sample())(t, dir)
	if err := os.Remove(filepath.Join(dir, "lull-volume-0.list")); err != nil {
		t.Fatal(err)
	}
}

func TestSealEndsWithItsContext(t *testing.T) {
	dir, m := imageFolder(t), sample()
	writes(m)(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Seal(ctx, dir, m); !errors.Is(err, context.Canceled) {
		t.Fatalf("Seal: %v", err)
	}
	if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrPending) {
		t.Errorf("Verify: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	sealed := sample()
	sealed.Status = Sealed
	other := sample()
	other.ID = NewID()
	cases := map[string]struct {
		prepare func(t *testing.T, dir string)
		m       *Manifest
		want    error
	}{
		"a sealed status":    {func(*testing.T, string) {}, sealed, nil},
		"nonsense":           {func(*testing.T, string) {}, &Manifest{}, nil},
		"a poisoned folder":  {poisons, sample(), ErrPoisoned},
		"poisoned before it": {func(_ *testing.T, dir string) { _ = Poison(dir, "too late") }, sample(), ErrPoisoned},
		"another checkpoint": {writes(other), sample(), ErrOccupied},
		"a sealed folder": {func(t *testing.T, dir string) {
			m := sample()
			writes(m)(t, dir)
			if err := Seal(t.Context(), dir, m); err != nil {
				t.Fatal(err)
			}
		}, sample(), ErrOccupied},
		"something else": {func(t *testing.T, dir string) { put(t, dir, FileName, "{}") }, sample(), ErrOccupied},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := imageFolder(t)
			c.prepare(t, dir)
			if err := Write(dir, c.m); err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("Write: %v, want %v", err, c.want)
			}
		})
	}
}

func TestPoisonWins(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, string){
		"over pending": writes(sample()),
		"over nothing": func(*testing.T, string) {},
		"over garbage": func(t *testing.T, dir string) { put(t, dir, FileName, "{]") },
		"over sealed": func(t *testing.T, dir string) {
			m := sample()
			writes(m)(t, dir)
			if err := Seal(t.Context(), dir, m); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := imageFolder(t)
			prepare(t, dir)
			if err := Poison(dir, "thawed by the watchdog"); err != nil {
				t.Fatal(err)
			}
			if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrPoisoned) {
				t.Errorf("Verify: %v", err)
			}
			m, err := Read(dir)
			if err != nil || m.Reason != "thawed by the watchdog" {
				t.Errorf("Read: %+v, %v", m, err)
			}
		})
	}
}

// However a watchdog and a sealer interleave, the checkpoint ends poisoned.
func TestPoisonWinsTheRace(t *testing.T) {
	for range 25 {
		dir, m := imageFolder(t), sample()
		writes(m)(t, dir)
		var both sync.WaitGroup
		both.Go(func() { _ = Seal(t.Context(), dir, m) })
		both.Go(func() {
			if err := Poison(dir, "thawed"); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrPoisoned) {
			t.Fatalf("Verify: %v", err)
		}
	}
}

func TestSync(t *testing.T) {
	dir, _ := sealedFolder(t)
	if err := Sync(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), dir); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Sync(t.Context(), dir); !errors.Is(err, ErrAltered) {
		t.Errorf("Sync: %v", err)
	}
}
