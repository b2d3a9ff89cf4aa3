package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
)

func buildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "build [PART...]",
		Short: "Build what is missing in the cache (all parts, or the named ones)",
		RunE: func(cmd *cobra.Command, args []string) error {
			built, err := build(cmd.Context(), args...)
			if err == nil && built == 0 {
				fmt.Fprintln(os.Stderr, "all is built already")
			}
			return err
		},
	}
}

// build reports on standard error: standard output carries answers only.
func build(ctx context.Context, parts ...string) (int, error) {
	begin := time.Now()
	report, end := lab.NewReporter(os.Stderr)
	built, err := lab.Build(ctx, lab.DefaultLayout(), report, parts...)
	end()
	if err == nil && built > 0 {
		fmt.Fprintf(os.Stderr, "built %d parts in %.1f s\n", built, time.Since(begin).Seconds())
	}
	return built, err
}
