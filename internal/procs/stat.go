package procs

import (
	"fmt"
	"os"
	"strings"
)

// StartTime is the process's start in clock ticks since boot; together with
// the pid it names one process for as long as the host runs.
func StartTime(pid int) (string, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The second field is the command in parentheses and may hold anything.
	_, rest, ok := strings.Cut(string(data), ") ")
	for more := true; more; {
		var tail string
		_, tail, more = strings.Cut(rest, ") ")
		if more {
			rest = tail
		}
	}
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: cannot be read", pid)
	}
	return fields[19], nil
}
