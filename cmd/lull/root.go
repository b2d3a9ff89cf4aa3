package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/containerd/containerd/v2/defaults"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/config"
)

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "lull",
		Short:         "Consistent checkpoint and restore for database containers",
		Long:          "Consistent checkpoint and restore for database containers.\n\n" + exitHelp(),
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, err) })
	a.flags(root)
	root.AddCommand(libraryCommands(a)...)
	root.AddCommand(installCommand(a), uninstallCommand(a), statusCommand(a))
	root.AddCommand(psCommand(a), checkpointCommand(a), restoreCommand(a), inspectCommand(a),
		cloneCommand(a), poolCommand(a), resetCommand(a), rejoinCommand(a),
		allowCommand(a), thawCommand(a), doctorCommand(a), versionCommand(a), dockerPluginCommand(a), dockerSaveCommand(a), hooksCommand(a),
		agentCommand(), metadataCommand(a), holdCommand(a), hookCommand(a))
	return root
}

// defaultNamespace is containerd's, where none is named.
const defaultNamespace = namespaces.Default

func (a *app) flags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&a.address, "address", cmp.Or(os.Getenv("CONTAINERD_ADDRESS"), defaults.DefaultAddress), "containerd's socket ($CONTAINERD_ADDRESS)")
	f.StringVarP(&a.namespace, "namespace", "n", cmp.Or(os.Getenv(namespaces.NamespaceEnvVar), defaultNamespace), "containerd's namespace ($CONTAINERD_NAMESPACE)")
	f.StringVar(&a.configPath, "config", config.Path(), "configuration file ($LULL_CONFIG)")
	f.BoolVar(&a.json, "json", false, "answer in JSON")
	must(root.RegisterFlagCompletionFunc("namespace", a.completeNamespaces))
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, c := range exitCodes {
		fmt.Fprintf(&b, "  %3d  %s\n", c.code, c.meaning)
	}
	return strings.TrimRight(b.String(), "\n")
}

// usage makes a wrong number of arguments a usage error.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(cmd, err)
		}
		return nil
	}
}

func usageError(cmd *cobra.Command, err error) error {
	return fail(exitUsage, fmt.Sprintf("see `%s --help`", cmd.CommandPath()), "%w", err)
}

// must is for what only a mistake in this program can make fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
