package criu

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

type capability struct {
	bit      int
	name     string
	severity Severity // when it is missing
	why      string
}

// The capabilities that dumping and restoring a database takes.
var needed = []capability{
	{unix.CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Fail, "namespaces, mounts and cgroups cannot be restored"},
	{unix.CAP_SYS_PTRACE, "CAP_SYS_PTRACE", Fail, "processes of other users cannot be dumped"},
	{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN", Fail, "TCP connections cannot be dumped and networks cannot be closed"},
	{unix.CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", Fail, "the database's files cannot be read"},
	{unix.CAP_CHOWN, "CAP_CHOWN", Fail, "the database's files cannot be put back with their owners"},
	{unix.CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", Warn, "CRIU cannot read the limits of other users' processes unless it is given another way"},
	{unix.CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE", Warn, "only CAP_SYS_ADMIN stands in for it"},
}

// Capabilities looks at the effective capabilities of a process; 0 is oneself.
func Capabilities(pid int) []Finding {
	path := "/proc/self/status"
	if pid != 0 {
		path = proc(pid, "status")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return []Finding{{Severity: Fail, Check: "capabilities", What: err.Error()}}
	}
	set, err := effective(string(data))
	if err != nil {
		return []Finding{{Severity: Fail, Check: "capabilities", What: fmt.Sprintf("%s: %v", path, err)}}
	}
	return missing(set)
}

func effective(status string) (uint64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return 0, fmt.Errorf("no CapEff")
}

func missing(set uint64) []Finding {
	var all []Finding
	for _, c := range needed {
		if set&(1<<c.bit) == 0 {
			all = append(all, Finding{Severity: c.severity, Check: "capabilities", What: c.name + " is missing: " + c.why,
				Remedy: "run containerd as root of the host, outside a user namespace, with all capabilities"})
		}
	}
	if len(all) == 0 {
		return []Finding{{Severity: OK, Check: "capabilities", What: "all that are needed"}}
	}
	return all
}
