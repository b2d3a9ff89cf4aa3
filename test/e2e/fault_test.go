package e2e

import "testing"

// TestFault breaks one part at a time. What breaks may cost the checkpoint or
// the restore, and never the database.
func TestFault(t *testing.T) {
	t.Run("agent", agentFaults)
	t.Run("driver", driverFaults)
	t.Run("step", stepFaults)
	t.Run("client", clientKills)
	t.Run("watchdog", watchdogFaults)
	t.Run("shim", shimKills)
	t.Run("kill", containerKills)
	t.Run("pause", pauseFaults)
	t.Run("restore", restoreFaults)
}
