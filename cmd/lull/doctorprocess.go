package main

import (
	"fmt"
	"slices"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/procs"
)

// processFindings looks at the processes, if it runs.
func (s *subject) processFindings() []criu.Finding {
	pids, err := s.pids()
	if err != nil {
		return []criu.Finding{bad(criu.Warn, "processes", err, "run as root")}
	}
	if len(pids) == 0 {
		return []criu.Finding{okay("processes", "none: it does not run")}
	}
	found := criu.Preflight(pids)
	if len(found) == 0 {
		found = []criu.Finding{okay("processes", "%d, none holds anything that cannot be dumped", len(pids))}
	}
	return append(found, s.listenerFindings(pids)...)
}

// pids lists the container's processes, init first.
func (s *subject) pids() ([]int, error) {
	if !s.alive() {
		return nil, nil
	}
	f, ok := s.freezer()
	if !ok {
		return nil, fmt.Errorf("the cgroup of process %d cannot be found", s.pid)
	}
	pids, err := f.Pids()
	rest := slices.DeleteFunc(pids, func(pid int) bool { return pid == s.pid })
	return append([]int{s.pid}, rest...), err
}

func (s *subject) listenerFindings(pids []int) []criu.Finding {
	if !s.database() {
		return nil
	}
	table, err := procs.TCP(pids[0])
	if err != nil {
		return []criu.Finding{bad(criu.Warn, "listener", err, "run as root")}
	}
	addrs := table.Listeners(procs.SocketInodes(pids))
	if len(addrs) == 0 {
		return []criu.Finding{{Severity: criu.Warn, Check: "listener", What: "no process listens on TCP, so the database cannot be asked to flush",
			Remedy: "wait until it has started, or let it listen on 127.0.0.1"}}
	}
	return []criu.Finding{okay("listener", "%s", addrs[0])}
}

// pastFindings repeats what the shim noted.
func (s *subject) pastFindings() []criu.Finding {
	if s.record == nil {
		return nil
	}
	var all []criu.Finding
	for _, w := range s.record.Warnings {
		all = append(all, criu.Finding{Severity: criu.Warn, Check: "warning", What: w})
	}
	if s.record.Error != "" {
		all = append(all, criu.Finding{Severity: criu.Warn, Check: "last error", What: recorded(s.record.Error).Error()})
	}
	return all
}
