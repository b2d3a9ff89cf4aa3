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
			return build(cmd.Context(), args...)
		},
	}
}

// build reports on standard error: standard output carries answers only.
func build(ctx context.Context, parts ...string) error {
	begin := time.Now()
	report, end := lab.NewReporter(os.Stderr)
	err := lab.Build(ctx, lab.DefaultLayout(), report, parts...)
	end()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "the lab is built (%.1f s)\n", time.Since(begin).Seconds())
	return nil
}
