package dockerd

import (
	"os"
	"path/filepath"
	"testing"
)

func TestForget(t *testing.T) {
	root, store := plant(t), filepath.Join(t.TempDir(), "docker")
	if all, err := AllSaved(store); err != nil || len(all) != 0 {
		t.Fatalf("nothing was saved: %v, %v", all, err)
	}
	c, err := Lookup(root, "pg")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"monday", "tuesday"} {
		write(t, filepath.Join(c.Checkpoints(), name, manifestFile), "{}")
		write(t, filepath.Join(c.Checkpoints(), name, "pages-1.img"), name)
	}
	if _, err := Save(c, store); err != nil {
		t.Fatal(err)
	}
	for left := 2; left > 0; left-- {
		all, err := AllSaved(store)
		if err != nil || len(all) != left || all[0].Container.Name != "pg" {
			t.Fatalf("%d are left: %v, %v", left, all, err)
		}
		if err := Forget(all[0], store); err != nil {
			t.Fatal(err)
		}
	}
	if entries, err := os.ReadDir(store); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if text, err := os.ReadFile(filepath.Join(c.Checkpoints(), "monday", "pages-1.img")); string(text) != "monday" {
		t.Errorf("Docker's own: %q, %v", text, err)
	}
}
