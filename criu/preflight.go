package criu

import "slices"

// Preflight looks for what CRIU cannot dump, or dumps wrongly, in the
// processes of one container, its init process first. It reads /proc and the
// kernel's list of unix sockets and touches nothing. Nothing found means an
// empty list. A process that ends while it is looked at has no findings.
func Preflight(pids []int) []Finding {
	if len(pids) == 0 {
		return nil
	}
	var all []Finding
	for _, pid := range pids {
		all = append(all, handles(pid)...)
		all = append(all, mappings(pid)...)
		all = append(all, tracer(pid)...)
		all = append(all, namespaces(pid, pids[0])...)
	}
	all = append(all, outsiders(pids)...)
	return append(all, unixPeers(pids)...)
}

// Strangers are the processes that do not descend from init, the first of
// pids: those that were exec'd into the container. CRIU dumps init's tree only
// and fails on the others.
func Strangers(pids []int) []int {
	var strangers []int
	for _, pid := range pids[min(1, len(pids)):] {
		if parent, ok := parentOf(pid); ok && !slices.Contains(pids, parent) {
			strangers = append(strangers, pid)
		}
	}
	return strangers
}

func outsiders(pids []int) []Finding {
	var all []Finding
	for _, pid := range Strangers(pids) {
		all = append(all, Finding{
			Severity: Fail, Check: "exec",
			What:   describe(pid) + " was exec'd into the container and is not part of its tree",
			Remedy: "end it, or wait until it has ended",
		})
	}
	return all
}
