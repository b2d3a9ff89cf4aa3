package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/lab"
)

func statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which parts are built and which daemons run",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := lab.GetStatus(cmd.Context(), lab.DefaultLayout())
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			return printStatus(cmd.OutOrStdout(), s)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for machines")
	return cmd
}

func printStatus(out io.Writer, s lab.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PART\tVERSION\tBUILT\tSIZE\tTOOK")
	for _, p := range s.Parts {
		built, size, took := "no", "-", "-"
		if p.Built {
			built, size, took = "yes", megabytes(p.Bytes), fmt.Sprintf("%.1f s", p.Took.Seconds())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Name, p.Version, built, size, took)
	}
	fmt.Fprintln(w)
	if len(s.Daemons) == 0 {
		fmt.Fprintln(w, "no daemons")
		return w.Flush()
	}
	fmt.Fprintln(w, "DAEMON\tPID\tADDRESS\tCONTAINERS")
	for _, d := range s.Daemons {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Name, pid(d), d.Address, orDash(strings.Join(d.Containers, " ")))
	}
	return w.Flush()
}

func pid(d lab.DaemonStatus) string {
	if !d.Running {
		return "gone"
	}
	return fmt.Sprint(d.PID)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
