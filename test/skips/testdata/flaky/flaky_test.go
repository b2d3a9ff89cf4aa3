// Package flaky fails when it is run for the first time.
package flaky

import (
	"os"
	"testing"
)

func TestFlaky(t *testing.T) {
	mark := os.Getenv("LULL_FLAKY_MARK")
	if _, err := os.Stat(mark); err != nil {
		_ = os.WriteFile(mark, nil, 0o600)
		t.Error("the first time")
	}
}
