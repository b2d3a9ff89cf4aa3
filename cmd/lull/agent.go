package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/agent"
)

// agentCommand is for shims that were started before an upgrade: their agent
// was this program.
func agentCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "agent",
		Short:  "Become the agent's program",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			program := agent.Beside(self)
			return fmt.Errorf("%s: %w", program, unix.Exec(program, []string{agent.Program}, os.Environ()))
		},
	}
}
