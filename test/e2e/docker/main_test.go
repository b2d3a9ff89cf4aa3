// Package docker tests lull under Docker: unmodified dockerd and docker, with
// lull's shim in the stock one's place.
package docker

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
