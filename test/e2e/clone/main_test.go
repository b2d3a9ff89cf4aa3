// Package clone tests clones, resets and lineage end to end.
package clone

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
