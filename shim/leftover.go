package shim

import (
	"os"
	"path/filepath"
	"strings"
)

// extracted is how the daemon calls the folders that it extracts images into.
const extracted = "ctrd-checkpoint"

// removeExtracted removes the folder that the daemon extracted a checkpoint
// into for this one restore: it never does so itself. A folder that a user
// named is left alone.
func removeExtracted(dir string) error {
	if !isExtracted(dir) {
		return nil
	}
	return os.RemoveAll(dir)
}

// isExtracted goes by where and how the daemon makes such folders: a name of
// its own and random digits, in the temporary folder that it shares with us.
func isExtracted(dir string) bool {
	digits, ok := strings.CutPrefix(filepath.Base(dir), extracted)
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	parent := os.Getenv("XDG_RUNTIME_DIR")
	if parent == "" {
		parent = os.TempDir()
	}
	return filepath.Dir(dir) == filepath.Clean(parent)
}
