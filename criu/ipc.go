package criu

import "os"

// systemV begins the name of System V shared memory in /proc/PID/maps.
const systemV = "/SYSV"

// hostsMemory finds, by the names of mappings, System V shared memory in this process's own IPC namespace,
// which is the host's: CRIU dumps such memory with its namespace, or not at all.
func hostsMemory(pid int, names []string) []Finding {
	if !anyHasPrefix(names, systemV) {
		return nil
	}
	theirs, err := os.Readlink(proc(pid, "ns/ipc"))
	ours, err2 := os.Readlink("/proc/self/ns/ipc")
	if err != nil || err2 != nil || theirs != ours {
		return nil
	}
	return []Finding{{
		Severity: Fail, Check: "shared memory",
		What:   describe(pid) + " uses System V shared memory in the host's IPC namespace, which cannot be dumped",
		Remedy: "give the container an IPC namespace of its own (Docker: --ipc=private)",
	}}
}
