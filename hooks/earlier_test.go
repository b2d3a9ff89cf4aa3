package hooks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
)

func TestClearEarlier(t *testing.T) {
	dir := t.TempDir()
	if err := clearEarlier(dir); err != nil {
		t.Fatalf("a new folder: %v", err)
	}
	raw, err := os.ReadFile("../manifest/testdata/sealed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, manifest.FileName), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	stays := map[string]bool{manifest.FileName: false, "descriptors.json": true, "other.img": true}
	for _, f := range m.Files {
		stays[f.Name] = !strings.HasSuffix(f.Name, ".img") && !strings.HasSuffix(f.Name, ".list")
	}
	for name := range stays {
		if name == manifest.FileName {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := clearEarlier(dir); err != nil {
		t.Fatal(err)
	}
	for name, stay := range stays {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stay {
			t.Errorf("%s is there: %v, want %v", name, err == nil, stay)
		}
	}
}
