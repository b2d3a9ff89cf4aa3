package main

import (
	"io"

	"github.com/spf13/cobra"
)

// holdCommand keeps for the shim a network namespace that has no other process.
func holdCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "hold",
		Short:  "Do nothing until standard input ends, for the shim",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.Copy(io.Discard, a.in)
			return err
		},
	}
}
