package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/version"
	"github.com/lull-containers/lull/manifest"
)

type versions struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	Schema  string `json:"manifest_schema"`
}

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print lull's version",
		Args:  usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return answer(a, versions{version.Version(), runtime.Version(), manifest.Schema}, func(v versions) {
				fmt.Fprintf(a.out, "lull %s (%s, %s)\n", v.Version, v.Schema, v.Go)
			})
		},
	}
}
