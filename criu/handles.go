package criu

import (
	"os"
	"path/filepath"
	"strings"
)

// trouble is a kind of handle or mapping that CRIU cannot, or cannot fully, dump.
type trouble struct {
	mark     string // how the kernel names it
	severity Severity
	check    string
	what     string
	remedy   string
}

// In /proc/PID/fd. The kernel spells some with and some without brackets.
var badHandles = []trouble{
	{"anon_inode:[io_uring]", Fail, "io_uring", "uses io_uring, which cannot be dumped",
		"PostgreSQL 18: io_method=worker; MySQL, MariaDB: innodb_use_native_aio=0; or block io_uring by seccomp"},
	{"anon_inode:[userfaultfd]", Fail, "userfaultfd", "uses userfaultfd, which cannot be dumped",
		"turn off what uses it (post-copy migration, some garbage collectors)"},
	{"anon_inode:[perf_event]", Fail, "perf", "holds a perf event, which cannot be dumped", "end the profiler"},
	{"anon_inode:bpf-prog", Fail, "bpf", "holds a BPF program, which cannot be dumped", "end the tracer that loaded it"},
	{"anon_inode:bpf-link", Fail, "bpf", "holds a BPF link, which cannot be dumped", "end the tracer that loaded it"},
	{"anon_inode:[landlock-ruleset]", Fail, "landlock", "holds a Landlock rule set, which cannot be dumped", "run it without Landlock"},
	{"anon_inode:seccomp notify", Fail, "seccomp", "holds a seccomp listener, which cannot be dumped", "run it without seccomp notify"},
}

// NativeAIO is the check that finds rings of native AIO.
const NativeAIO = "native AIO"

// aioRing is the name of a ring of native AIO in /proc/PID/maps.
const aioRing = "/[aio]"

// In /proc/PID/maps.
var badMappings = []trouble{
	{aioRing, Warn, NativeAIO, "uses native AIO, which is dumped only when the server says that nothing is under way",
		"MySQL, MariaDB: innodb_use_native_aio=0"},
	{"anon_inode:[io_uring]", Fail, "io_uring", "maps an io_uring, which cannot be dumped",
		"PostgreSQL 18: io_method=worker; MySQL, MariaDB: innodb_use_native_aio=0; or block io_uring by seccomp"},
	{"/secretmem", Fail, "secretmem", "uses secret memory, which cannot be dumped", "run it without memfd_secret"},
}

func handles(pid int) []Finding {
	dir := proc(pid, "fd")
	entries, _ := os.ReadDir(dir) // it may have ended
	var names []string
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			names = append(names, target)
		}
	}
	return match(pid, names, badHandles)
}

func mappings(pid int) []Finding {
	data, _ := os.ReadFile(proc(pid, "maps")) // it may have ended
	names := mapped(string(data))
	return append(match(pid, names, badMappings), hostsMemory(pid, names)...)
}

// mapped takes the names from /proc/PID/maps: what follows the inode.
func mapped(maps string) []string {
	const before = 5 // address, permissions, offset, device, inode
	var names []string
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) > before {
			names = append(names, strings.Join(f[before:], " "))
		}
	}
	return names
}

// match reports each trouble once per process.
func match(pid int, names []string, troubles []trouble) []Finding {
	var all []Finding
	for _, t := range troubles {
		if anyHasPrefix(names, t.mark) {
			all = append(all, Finding{Severity: t.severity, Check: t.check, What: describe(pid) + " " + t.what, Remedy: t.remedy})
		}
	}
	return all
}

func anyHasPrefix(names []string, prefix string) bool {
	for _, n := range names {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}
