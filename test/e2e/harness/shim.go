package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/state"
)

// eventually bounds what happens by itself, sooner or later, on a machine that
// may be slow. It is no measure of anything.
const eventually = 2 * time.Minute

// Eventually waits until ok is true.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(eventually); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", eventually, what)
		}
	}
}

// ShimPID is the pid of the shim: the parent of the container's first process.
func (c *Container) ShimPID(t testing.TB) int {
	t.Helper()
	pid := parent(c.PID(t))
	if pid <= 1 {
		t.Fatalf("container %s has no shim", c.ID)
	}
	return pid
}

// AgentPIDs are lull's agents that the shim has started and that run.
func AgentPIDs(shim int) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && parent(pid) == shim && commandLine(pid) == agent.Program {
			pids = append(pids, pid)
		}
	}
	return pids
}

// parent is 0 when the process is gone.
func parent(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if err != nil || len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(string(fields[1]))
	return n
}

// commandLine is empty for a process that has ended, also before it is reaped.
func commandLine(pid int) string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
}

// Freezer is the kernel's freezer of the running container.
func (c *Container) Freezer(t testing.TB) freezer.File {
	t.Helper()
	f, err := freezer.Of(c.PID(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// StateDir is where lull keeps what it knows of the container while its task
// is there.
func (c *Container) StateDir() string {
	return state.Dir(c.Daemon.LullDir(), c.Daemon.Namespace, c.ID)
}

// Record is what lull says of the container.
func (c *Container) Record(t testing.TB) state.Record {
	t.Helper()
	r, err := state.Read(c.StateDir())
	if err != nil {
		t.Fatalf("lull's record of container %s: %v", c.ID, err)
	}
	return r
}

// WaitRecord waits until lull's record is as it is wanted.
func (c *Container) WaitRecord(t testing.TB, what string, ok func(state.Record) bool) state.Record {
	t.Helper()
	var r state.Record
	Eventually(t, what, func() bool {
		var err error
		r, err = state.Read(c.StateDir())
		return err == nil && ok(r)
	})
	return r
}

// Captures names what is in the store of captured volumes.
func (d *Daemon) Captures(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.Data, "captures", "checkpoints"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// HasCRIU tells whether a CRIU works for a shim.
func HasCRIU(shim int) bool {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && strings.Contains(commandLine(pid), " swrk ") && descends(pid, shim) {
			return true
		}
	}
	return false
}

func descends(pid, from int) bool {
	for pid > 1 && pid != from {
		pid = parent(pid)
	}
	return pid == from
}
