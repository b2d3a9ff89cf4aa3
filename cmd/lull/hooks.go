package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/hooks"
)

// hooked is what the commands under hooks answer.
type hooked struct {
	Files []hooks.File `json:"files"`
}

// Where the hooks' files go.
const (
	defaultScript   = "/usr/local/libexec/lull/criu-action"
	defaultOCIHooks = "/usr/share/containers/oci/hooks.d/50-lull.json"
)

func hooksCommand(a *app) *cobra.Command {
	var i hooks.Installation
	cmd := &cobra.Command{
		Use:   "hooks",
		Short: "Serve runtimes whose engine has no shim of lull's: plain runc, crun, Podman",
		Long: "Serve runtimes whose engine has no shim of lull's: plain runc, crun, Podman. CRIU then calls lull at its own stages,\n" +
			"for every container with a database; docs/HOOKS.md says what is promised. The files are CRIU's configuration, the\n" +
			"script that it names, and a description of OCI hooks. A file of somebody else's is never touched.",
		Example: "  lull hooks show\n  lull hooks install\n  lull hooks uninstall",
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&i.CRIUConfig, "criu-config", hooks.DefaultCRIUConfig, "CRIU's configuration file; runtimes read this one, or the one that the annotation "+criu.ConfigAnnotation+" names")
	f.StringVar(&i.Script, "script", defaultScript, "script for CRIU to call")
	f.StringVar(&i.OCIHooks, "oci-hooks", defaultOCIHooks, "description of OCI hooks, for Podman and CRI-O; empty: none")
	f.StringVar(&i.Connections, "connections", criu.Close, "what CRIU does with open connections: close, keep or refuse; lull/connections has to say the same")
	cmd.AddCommand(
		a.hooksVerb("show", "Show the files and how they are", &i, func(_ context.Context, i hooks.Installation) ([]hooks.File, error) { return i.Files() }),
		a.hooksVerb("install", "Write the files; a second call changes nothing", &i, func(ctx context.Context, i hooks.Installation) ([]hooks.File, error) { return i.Install(ctx) }),
		a.hooksVerb("uninstall", "Remove the files", &i, func(_ context.Context, i hooks.Installation) ([]hooks.File, error) { return i.Uninstall() }))
	return cmd
}

func (a *app) hooksVerb(use, short string, i *hooks.Installation, do func(context.Context, hooks.Installation) ([]hooks.File, error)) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: "  lull hooks " + use, Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.installation(i); err != nil {
				return err
			}
			files, err := do(cmd.Context(), *i)
			if errors.Is(err, hooks.ErrForeign) {
				return fail(exitHost, "add lull's lines to it by hand (lull hooks install --criu-config FILE writes them elsewhere), or name another file", "nothing was changed: %w", err)
			}
			if err != nil {
				return fail(exitHost, "", "%w", err)
			}
			return answer(a, hooked{files}, a.printHooked)
		},
	}
}

// installation adds what is not a flag, and makes relative paths absolute: nobody
// knows where a runtime's CRIU works.
func (a *app) installation(i *hooks.Installation) (err error) {
	switch i.Connections {
	case criu.Close, criu.Keep, criu.Refuse:
	default:
		return fail(exitUsage, "use close, keep or refuse", "--connections=%q", i.Connections)
	}
	if i.Lull, err = os.Executable(); err != nil {
		return err
	}
	i.Config = a.configPath
	for _, path := range []*string{&i.Config, &i.CRIUConfig, &i.Script, &i.OCIHooks} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printHooked(h hooked) {
	rows := [][]string{{"FILE", "STATE"}}
	for _, f := range h.Files {
		rows = append(rows, []string{f.Path, string(f.State)})
	}
	a.table(rows)
}
