package main

import (
	"errors"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/hooks"
)

// hookCommand is what CRIU and the runtimes call.
func hookCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:    "hook",
		Short:  "Do lull's part at a stage of CRIU's or of a runtime's",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
	}
	cmd.AddCommand(hookScript(a), hookKeep(a), hookGuard(a), hookOCI(a))
	return cmd
}

func (a *app) hooksHost() (hooks.Host, error) {
	cfg, err := a.config()
	if err != nil {
		return hooks.Host{}, err
	}
	self, err := os.Executable()
	return hooks.Host{Config: cfg, ConfigPath: a.configPath, Lull: self}, err
}

func hookScript(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "criu",
		Short: "Do lull's part at the stage that the environment names",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.hooksHost()
			if err != nil {
				return err
			}
			err = hooks.Script(cmd.Context(), h, os.Getenv)
			var told *hooks.Told
			if errors.As(err, &told) { // standard error is CRIU's log too
				return exitStatus(codeOf(cmd.Context(), told.Err))
			}
			return err
		},
	}
}

func hookListener() (*net.UnixListener, error) {
	return inheritedListener[*net.UnixListener]("lull hook criu")
}

func hookKeep(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "keep",
		Short: "Hold a database for as long as one CRIU works",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.hooksHost()
			if err != nil {
				return err
			}
			l, err := hookListener()
			if err != nil {
				return err
			}
			return hooks.Keep(cmd.Context(), h, l)
		},
	}
}

func hookGuard(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "guard STAGE CRIU INIT",
		Short: "Keep, and thaw what a killed keeper leaves frozen",
		Args:  usage(cobra.ExactArgs(3)),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.hooksHost()
			if err != nil {
				return err
			}
			c, err := hooks.Arguments(args)
			if err != nil {
				return err
			}
			l, err := hookListener()
			if err != nil {
				return err
			}
			return hooks.Guard(cmd.Context(), h, l, c)
		},
	}
}

func hookOCI(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "oci",
		Short: "Do lull's part at an OCI stage, whose state is on standard input",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.hooksHost()
			if err != nil {
				return err
			}
			return hooks.OCI(cmd.Context(), h, a.in)
		},
	}
}
