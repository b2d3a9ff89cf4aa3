// Package engines runs databases on every containerd that lull serves, and
// through its CRI.
package engines

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
