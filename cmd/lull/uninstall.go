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
			"needs stays until it is gone, and a later uninstall takes it away; so does what the hooks or a process of lull's call.\n" +
			"Checkpoints are not touched.",
		Example: "  lull uninstall --dry-run\n  lull uninstall",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.uninstall(cmd.Context(), o) },
	}
	o.shared(cmd)
	return cmd
}

// uninstall gives the stock shims back before it looks for what runs: a container
// that is started meanwhile is not lull's, or is seen.
func (a *app) uninstall(ctx context.Context, o installOptions) error {
	var done installation
	for _, plan := range []func(record string) (diversion.Plan, error){
		diversion.GiveBack,
		removal,
	} {
		p, err := plan(o.record)
		if err != nil {
			return fail(exitHost, "", "%w", err)
		}
		if !o.dryRun {
			if err := p.Carry(ctx, func(context.Context) error { return nil }); err != nil {
				return fail(exitHost, "call it again", "lull is still installed, see `lull status`: %w", err)
			}
		}
		done.Actions, done.Notes = append(done.Actions, p.Actions...), append(done.Notes, p.Notes...)
	}
	done.Carried = !o.dryRun
	return answer(a, done, a.printInstallation)
}

func removal(record string) (diversion.Plan, error) {
	callers, err := callers(record)
	if err != nil {
		return diversion.Plan{}, err
	}
	return diversion.Removal(record, diversion.Running(), callers)
}
