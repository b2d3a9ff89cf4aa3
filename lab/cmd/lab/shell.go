package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
)

func shellCommand() *cobra.Command {
	var lull string
	cmd := &cobra.Command{
		Use:   "shell [DAEMON]",
		Short: "Open a shell in the lab; the daemon ends with it, unless it ran before",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, started, err := up(cmd.Context(), daemonName(args), lull)
			if err != nil {
				return err
			}
			err = shell(d)
			if !started {
				return err
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), time.Minute)
			defer cancel()
			return errors.Join(err, d.Stop(ctx))
		},
	}
	lullFlag(cmd, &lull)
	return cmd
}

const banner = `
A private containerd (%s) with real database images.
  ctr run -d --env POSTGRES_PASSWORD=secret docker.io/library/postgres:13 pg
  ctr tasks exec --exec-id q pg psql -U postgres -c 'select version()'
  ctr containers checkpoint --task --rw --image pg docker.io/library/pg:saved
`

const lullBanner = `lull's shim stands in the stock one's place. Memory and files come back together:
  lull ps
  lull inspect docker.io/library/pg:saved
  ctr tasks delete --force pg; ctr containers delete pg
  lull restore --rollback docker.io/library/pg:saved
`

// shell does not end with an interrupt: that is for what runs in it.
func shell(d *lab.Daemon) error {
	program := os.Getenv("SHELL")
	if program == "" {
		program = "/bin/sh"
	}
	fmt.Fprintf(os.Stderr, banner, d.Address)
	if len(d.BinDirs) > 0 {
		fmt.Fprint(os.Stderr, lullBanner)
	}
	fmt.Fprintln(os.Stderr, "Leave with exit.")
	cmd := exec.Command(program)
	cmd.Env = d.Environ("PS1=(lull-lab) \\w # ")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) { // the shell's last command failed; that is its user's affair
		return nil
	}
	return err
}
