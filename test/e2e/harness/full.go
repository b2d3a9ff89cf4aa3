package harness

import (
	"os"
	"testing"
)

// Full skips what takes longer than a run by default may.
func Full(t testing.TB) {
	t.Helper()
	if !full() {
		t.Skip("it takes long: `make e2e-full` runs it, or set LULL_E2E_FULL=1")
	}
}

// FullOr is how often something is done: ordinarily, and in a full run.
func FullOr(ordinarily, inFull int) int {
	if full() {
		return inFull
	}
	return ordinarily
}

func full() bool { return os.Getenv("LULL_E2E_FULL") == "1" }
