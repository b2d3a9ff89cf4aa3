package criu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// describe names a process by command and pid; its arguments may hold secrets.
func describe(pid int) string {
	name, err := os.ReadFile(proc(pid, "comm"))
	if err != nil {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("process %d (%s)", pid, strings.TrimSpace(string(name)))
}

func proc(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// status reads one number of /proc/PID/status.
func status(pid int, key string) (int, bool) {
	data, err := os.ReadFile(proc(pid, "status"))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			return n, err == nil
		}
	}
	return 0, false
}

func parentOf(pid int) (int, bool) { return status(pid, "PPid") }

func tracer(pid int) []Finding {
	by, ok := status(pid, "TracerPid")
	if !ok || by == 0 {
		return nil
	}
	return []Finding{{
		Severity: Fail, Check: "ptrace",
		What:   fmt.Sprintf("%s is being traced by %s", describe(pid), describe(by)),
		Remedy: "end the debugger or strace: a process has one tracer only, and CRIU must be it",
	}}
}

// nested are the namespaces that CRIU cannot dump below init's own.
var nested = []string{"pid", "user"}

func namespaces(pid, init int) []Finding {
	if pid == init {
		return nil
	}
	var all []Finding
	for _, kind := range nested {
		theirs, err := os.Readlink(proc(pid, "ns/"+kind))
		own, err2 := os.Readlink(proc(init, "ns/"+kind))
		if err != nil || err2 != nil || theirs == own {
			continue
		}
		all = append(all, Finding{
			Severity: Fail, Check: "namespace",
			What:   fmt.Sprintf("%s has a %s namespace of its own inside the container", describe(pid), kind),
			Remedy: "run it without that namespace (sandboxes such as bwrap make them)",
		})
	}
	return all
}
