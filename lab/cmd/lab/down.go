package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
)

func downCommand() *cobra.Command {
	var purge bool
	cmd := &cobra.Command{
		Use:   "down [DAEMON...]",
		Short: "End the daemons with all that they started; leave no process, mount, cgroup or folder",
		RunE: func(cmd *cobra.Command, args []string) error {
			if purge && len(args) > 0 {
				return errors.New("--purge is for all daemons: name none")
			}
			if err := lab.Down(cmd.Context(), lab.DefaultLayout(), args...); err != nil {
				return err
			}
			if purge {
				return lab.Purge(lab.DefaultLayout())
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "remove the built parts too")
	return cmd
}
