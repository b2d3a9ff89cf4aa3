package shim

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveExtracted(t *testing.T) {
	temp, other := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", temp)
	tests := map[string]bool{
		filepath.Join(temp, "ctrd-checkpoint123"):       true,
		filepath.Join(temp, "ctrd-checkpoint"):          false,
		filepath.Join(temp, "ctrd-checkpoint12-mine"):   false,
		filepath.Join(temp, "pg-monday"):                false,
		filepath.Join(other, "ctrd-checkpoint123"):      false,
		filepath.Join(temp, "sub", "ctrd-checkpoint12"): false,
	}
	for dir, removed := range tests {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := removeExtracted(dir); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); os.IsNotExist(err) != removed {
			t.Errorf("%s: removed is to be %v", dir, removed)
		}
	}
	if err := removeExtracted(""); err != nil {
		t.Error(err)
	}
}
