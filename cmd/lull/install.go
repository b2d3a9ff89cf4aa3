package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/diversion"
	"github.com/lull-containers/lull/internal/version"
)

// installation is what install and uninstall answer.
type installation struct {
	diversion.Plan
	Carried  bool   `json:"carried_out"`
	Verified string `json:"verified,omitempty"`
}

type installOptions struct {
	from, bin, record  string
	shims              []string
	dryRun, unverified bool
}

func installCommand(a *app) *cobra.Command {
	var o installOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put lull in the stock shim's place, for every container that is to come",
		Long: "Put lull's programs on this host and its front in the place of containerd's runc shim, which is kept beside it.\n" +
			"Containers that run go on, nothing is restarted, and a second call changes nothing. Two throwaway containers\n" +
			"prove that it works; if they do not run, everything is as it was, an older lull included.",
		Example: "  lull install --dry-run\n  lull install\n  lull install --shim /usr/bin/containerd-shim-runc-v2",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.install(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from", "", "folder with the programs (this program's own)")
	f.StringVar(&o.bin, "bin", "/usr/local/bin", "folder for lull, its agent and its shim; it has to be on containerd's PATH")
	f.StringArrayVar(&o.shims, "shim", nil, "stock shim to take the place of (those that running containerds find)")
	f.BoolVar(&o.unverified, "no-verify", false, "run no throwaway containers")
	o.shared(cmd)
	return cmd
}

// shared are the flags of install and uninstall.
func (o *installOptions) shared(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and do nothing")
	cmd.Flags().StringVar(&o.record, "record", "/var/lib/lull/install.json", "where it is noted what was installed")
}

func (a *app) install(ctx context.Context, o installOptions) error {
	w, notes, err := o.wanted()
	if err != nil {
		return err
	}
	p, err := w.Plan()
	if err != nil {
		return fail(exitHost, "", "%w", err)
	}
	p.Notes = append(p.Notes, notes...)
	done := installation{Plan: p}
	if !o.dryRun {
		if err := p.Carry(ctx, func(ctx context.Context) error { return a.prove(ctx, w, o, &done.Verified) }); err != nil {
			return fail(exitHost, left(err), "lull is not installed: %w", err)
		}
		done.Carried = true
	}
	return answer(a, done, a.printInstallation)
}

// left says how the host is after an installation that failed.
func left(err error) string {
	if errors.Is(err, diversion.ErrLeft) {
		return "`lull status` shows what is there, `lull uninstall` takes it away"
	}
	return "nothing was changed"
}

// wanted completes what the flags leave open.
func (o installOptions) wanted() (diversion.Wanted, []string, error) {
	w := diversion.Wanted{From: o.from, Bin: o.bin, Shims: o.shims, Version: version.Version(), Record: o.record, Running: diversion.Running}
	if w.From == "" {
		self, err := os.Executable()
		if err != nil {
			return w, nil, err
		}
		w.From = filepath.Dir(self)
	}
	var notes []string
	if len(w.Shims) == 0 {
		found := findEngines()
		w.Shims = stockShims(found)
		notes = engineNotes(found)
	}
	if len(w.Shims) == 0 {
		return w, nil, fail(exitHost, "install containerd first, or name its shim with --shim", "there is no %s where containerd would look", diversion.StockShim)
	}
	return w, notes, nil
}

// engineNotes tell of containers that lull will not serve all the same.
func engineNotes(engines []foundEngine) (notes []string) {
	for _, e := range engines {
		if e.Name == "containerd" && e.Shim == "" {
			notes = append(notes, fmt.Sprintf("%s (process %d) has files of its own, in a container maybe: install lull where it lives", e.Exe, e.PID))
		}
		for _, path := range e.RuntimePaths {
			notes = append(notes, fmt.Sprintf("the configuration of %s (process %d) names the shim %s by path: containers of that runtime are served by it", e.Exe, e.PID, path))
		}
	}
	return notes
}

func (a *app) printInstallation(i installation) {
	c := a.colour()
	for _, action := range i.Actions {
		fmt.Fprintf(a.out, "%s  %s\n", c.green(map[bool]string{true: "done", false: "to do"}[i.Carried]), action.What)
	}
	if i.Empty() {
		fmt.Fprintln(a.out, "nothing to do")
	}
	for _, note := range i.Notes {
		fmt.Fprintf(a.out, "%s  %s\n", c.yellow("note"), harmless(note))
	}
	if i.Verified != "" {
		fmt.Fprintf(a.out, "verified: %s\n", harmless(i.Verified))
	}
}
