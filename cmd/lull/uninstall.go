package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/diversion"
)

func uninstallCommand(a *app) *cobra.Command {
	var o installOptions
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Put the stock shim back and remove lull's programs",
		Long: "Put the stock shim back in its place and remove lull's programs. Containers that run go on; what one of them\n" +
			"needs stays until it is gone, and a later uninstall takes it away. Checkpoints are not touched.",
		Example: "  lull uninstall --dry-run\n  lull uninstall",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.uninstall(cmd.Context(), o) },
	}
	o.shared(cmd)
	return cmd
}

func (a *app) uninstall(ctx context.Context, o installOptions) error {
	p, err := diversion.Removal(o.record, diversion.Running())
	if err != nil {
		return fail(exitHost, "", "%w", err)
	}
	done := installation{Plan: p}
	if !o.dryRun {
		if err := p.Carry(ctx, func(context.Context) error { return nil }); err != nil {
			return fail(exitHost, "nothing was changed", "lull is still installed: %w", err)
		}
		done.Carried = true
	}
	return answer(a, done, a.printInstallation)
}
