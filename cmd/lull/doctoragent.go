package main

import (
	"cmp"
	"os"
	"os/exec"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/config"
)

// agentFinding looks for the program that talks to databases, beside the
// command that the shims start.
func agentFinding(cfg config.Config) criu.Finding {
	self, err := os.Executable()
	program := agent.Beside(cmp.Or(cfg.Lull, self))
	if err == nil {
		_, err = exec.LookPath(program)
	}
	if err != nil {
		return bad(criu.Fail, "agent", err, "install lull again, all of its programs: without this one a checkpoint is crash-consistent at best")
	}
	return okay("agent", "%s", program)
}
