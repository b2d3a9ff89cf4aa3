// Command demo shows lull's main job on real parts, as a user would do it: see
// package demo.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/lab/demo"
	"github.com/lull-containers/lull/lab/demo/screen"
)

const exitInterrupted = 130

func main() {
	os.Exit(execute())
}

// execute gives the exit code. A signal that comes while the demo cleans up
// changes nothing any more.
func execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // not the end: it is cleaned up first
	err := command().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "demo:", err)
	if errors.Is(err, demo.ErrInterrupted) {
		return exitInterrupted
	}
	return 1
}

func command() *cobra.Command {
	var o demo.Options
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Checkpoint a PostgreSQL under load, kill it, bring it back, and prove it",
		Long: `demo starts a private containerd of the lab with lull's shim in place, runs
PostgreSQL 13 under load, and plays three acts of checkpoint and restore. It
shows every command, ends with a table of times and verdicts, and removes
everything that it made. Its exit code is 0 when every verdict is good.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), o, asJSON)
		},
	}
	cmd.Flags().StringVar(&o.Bin, "bin", "bin", "folder with lull and its shims, as `make build` fills it")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave the daemon and the databases running, and say how to look around")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON, and the story on standard error")
	return cmd
}

func run(ctx context.Context, o demo.Options, asJSON bool) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if os.Geteuid() != 0 {
		return errors.New("containers need root: run it with sudo")
	}
	if o.Bin, err = filepath.Abs(o.Bin); err != nil {
		return err
	}
	l, err := lab.Open()
	if err != nil {
		return fmt.Errorf("%w; `make lab` builds it", err)
	}
	story := os.Stdout
	if asJSON {
		story = os.Stderr
	}
	result, err := demo.Run(ctx, l, screen.New(story, cancel), o)
	if asJSON {
		return errors.Join(err, encode(result))
	}
	return err
}

func encode(r *demo.Result) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
