// Package volume sees a database's files captured and brought back, on every
// kind of file system, while its clients write.
package volume

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
