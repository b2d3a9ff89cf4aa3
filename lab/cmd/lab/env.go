package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
)

func envCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "env [DAEMON]",
		Short: `Print shell lines that aim ctr at the lab: eval "$(lab env)"`,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := lab.Open()
			if err != nil {
				return err
			}
			d, err := l.Daemon(daemonName(args))
			if err != nil {
				return fmt.Errorf("%w\nstart it with `lab up`", err)
			}
			printEnv(cmd.OutOrStdout(), d)
			return nil
		},
	}
}

func printEnv(w io.Writer, d *lab.Daemon) {
	for _, e := range d.ClientEnv() {
		name, value, _ := strings.Cut(e, "=")
		fmt.Fprintf(w, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
}
