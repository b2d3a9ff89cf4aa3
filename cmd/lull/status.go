package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/internal/diversion"
	"github.com/lull-containers/lull/internal/version"
)

// hostStatus is where lull stands on this host.
type hostStatus struct {
	Version   string           `json:"version"` // of this program
	Installed diversion.Record `json:"installed"`
	Programs  []programStatus  `json:"programs"`
	Engines   []foundEngine    `json:"engines"`
	Shims     []diversion.Shim `json:"running_shims"` // that are lull's
}

type programStatus struct {
	Path  string `json:"path"`
	State string `json:"state"`
}

func statusCommand(a *app) *cobra.Command {
	var record string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where lull is installed, and which daemons and containers it serves",
		Args:  usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s, err := statusOf(record)
			if err != nil {
				return fail(exitHost, "", "%w", err)
			}
			return answer(a, s, a.printStatus)
		},
	}
	cmd.Flags().StringVar(&record, "record", "/var/lib/lull/install.json", "where it is noted what was installed")
	return cmd
}

func statusOf(record string) (s hostStatus, err error) {
	s = hostStatus{Version: version.Version(), Programs: []programStatus{}, Engines: findEngines(), Shims: []diversion.Shim{}}
	if s.Installed, err = diversion.ReadRecord(record); err != nil {
		return s, err
	}
	for _, path := range s.Installed.Files {
		s.Programs = append(s.Programs, programStatus{path, diversion.FileState(path)})
	}
	for _, path := range s.Installed.Shims {
		s.Programs = append(s.Programs, programStatus{path, diversion.ShimState(path)})
	}
	for _, shim := range diversion.Running() {
		if diversion.Ours(fmt.Sprintf("/proc/%d/exe", shim.PID)) {
			s.Shims = append(s.Shims, shim)
		}
	}
	return s, nil
}

func (a *app) printStatus(s hostStatus) {
	if s.Installed.None() {
		fmt.Fprintln(a.out, "lull is not installed here")
	} else {
		fmt.Fprintf(a.out, "lull %s is installed\n", s.Installed.Version)
	}
	var rows [][]string
	for _, p := range s.Programs {
		rows = append(rows, []string{"  " + p.Path, p.State})
	}
	for _, e := range s.Engines {
		rows = append(rows, []string{fmt.Sprintf("  %s, process %d", e.Exe, e.PID), e.serves()})
	}
	a.table(rows)
	fmt.Fprintf(a.out, "%d containers have lull's shim\n", len(s.Shims))
}

func (e foundEngine) serves() string {
	switch {
	case e.Name != "containerd":
		return "starts containers through a containerd"
	case e.Shim == "":
		return "has files of its own, or no shim"
	case e.Lull:
		return strings.TrimSpace("lull serves its databases, by " + e.Shim)
	}
	return "has the stock shim, " + e.Shim
}
