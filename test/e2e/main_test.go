package e2e

import (
	"os"
	"testing"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// TestMain is the agent too: the drivers' suite starts this binary as one.
func TestMain(m *testing.M) {
	if os.Args[0] == agent.Program {
		os.Exit(agent.Main(os.Stdin, os.Stdout, testedDrivers()))
	}
	os.Exit(harness.Main(m))
}
