package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/criu"
)

// diagnosis is what `lull doctor` found.
type diagnosis struct {
	Container string         `json:"container,omitempty"`
	Worst     criu.Severity  `json:"worst"`
	Findings  []criu.Finding `json:"findings"`
}

func doctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [CONTAINER]",
		Short: "Look what on this host, or in a container, would stop a checkpoint or a restore",
		Long: "Look what on this host, or in a container, would stop a checkpoint or a restore. Nothing is changed;\n" +
			"a probe network namespace and cgroup are made and removed. The exit code is 8 when something fails.",
		Args:              usage(cobra.MaximumNArgs(1)),
		ValidArgsFunction: completes(a.containerNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.diagnose(cmd.Context(), args)
			if err != nil {
				return err
			}
			if err := answer(a, d, a.printDiagnosis); err != nil {
				return err
			}
			if d.Worst == criu.Fail {
				return exitStatus(exitHost)
			}
			return nil
		},
	}
}

func (a *app) diagnose(ctx context.Context, args []string) (d diagnosis, err error) {
	if len(args) == 0 {
		d.Findings = a.hostFindings(ctx)
	} else {
		d.Container = args[0]
		d.Findings, err = a.containerFindings(ctx, args[0])
	}
	d.Worst = criu.Worst(d.Findings)
	return d, err
}

func (a *app) printDiagnosis(d diagnosis) {
	c := a.colour()
	width := 0
	for _, f := range d.Findings {
		width = max(width, len(f.Check))
	}
	for _, f := range d.Findings {
		fmt.Fprintf(a.out, "%s  %-*s  %s\n", mark(c, f.Severity), width, f.Check, harmless(f.What))
		if f.Remedy != "" && f.Severity != criu.OK {
			fmt.Fprintf(a.out, "%6s%*s→ %s\n", "", width+2, "", harmless(f.Remedy))
		}
	}
}

func mark(c colour, s criu.Severity) string {
	word := fmt.Sprintf("%-4s", s)
	switch s {
	case criu.Fail:
		return c.red(word)
	case criu.Warn:
		return c.yellow(word)
	}
	return c.green(word)
}

func okay(check, format string, args ...any) criu.Finding {
	return criu.Finding{Severity: criu.OK, Check: check, What: fmt.Sprintf(format, args...)}
}

// bad makes a finding of an error.
func bad(s criu.Severity, check string, err error, remedy string) criu.Finding {
	return criu.Finding{Severity: s, Check: check, What: err.Error(), Remedy: remedy}
}
