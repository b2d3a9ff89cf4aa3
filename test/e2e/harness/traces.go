package harness

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// NoTraces fails the test unless nothing is left of the container's task: no
// process, mount, network namespace, cgroup, bundle, state of runc's or lull's,
// no lease and no permit. Its record in containerd may still be there, as ctr
// leaves one behind when a restore fails.
func (c *Container) NoTraces(t testing.TB) {
	t.Helper()
	if s := c.Status(t); s != NoTask {
		t.Errorf("container %s still has a task: %s", c.ID, s)
	}
	const patience = 10 * time.Second // the shim ends after it has answered
	var left []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if left = c.traces(); len(left) == 0 {
			return
		}
	}
	t.Errorf("left of container %s:\n%s", c.ID, strings.Join(left, "\n"))
}

func (c *Container) traces() (left []string) {
	left = append(left, c.processes()...)
	left = append(left, c.mounts()...)
	d, ns := c.Daemon, c.Daemon.Namespace
	for what, pattern := range map[string]string{
		"a bundle":          filepath.Join(d.State, "*", ns, c.ID),
		"a work folder":     filepath.Join(d.Root, "*", ns, c.ID),
		"state of runc's":   filepath.Join("/run/containerd/runc", ns, c.ID),
		"state of lull's":   filepath.Join(d.LullDir(), "containers", ns, c.ID),
		"a permit":          filepath.Join(d.LullDir(), "permits", ns, c.ID+"*"),
		"an announcement":   filepath.Join(d.LullDir(), "intents", ns, c.ID+"*"),
		"a cgroup":          filepath.Join("/sys/fs/cgroup", ns, c.ID),
		"a cgroup (v1)":     filepath.Join("/sys/fs/cgroup/*", ns, c.ID),
		"a cgroup (hybrid)": filepath.Join("/sys/fs/cgroup/unified", ns, c.ID),
	} {
		found, _ := filepath.Glob(pattern) // the patterns are right
		for _, path := range found {
			left = append(left, what+": "+path)
		}
	}
	return append(left, c.leases()...)
}

// processes are those in the container's cgroup, and the shim's and runc's
// that were started for it.
func (c *Container) processes() (left []string) {
	pids, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range pids {
		args, _ := os.ReadFile(filepath.Join(p, "cmdline")) // empty for one that has ended
		groups, _ := os.ReadFile(filepath.Join(p, "cgroup"))
		words := bytes.Split(args, []byte{0})
		if contains(words, c.ID) || bytes.Contains(groups, []byte("/"+c.ID)) {
			left = append(left, fmt.Sprintf("process %s: %s", filepath.Base(p), bytes.ReplaceAll(args, []byte{0}, []byte{' '})))
		}
	}
	return left
}

func contains(words [][]byte, word string) bool {
	for _, w := range words {
		if string(w) == word {
			return true
		}
	}
	return false
}

func (c *Container) mounts() (left []string) {
	table, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(table)) {
		if strings.Contains(line, "/"+c.ID+"/") {
			left = append(left, "mount: "+strings.TrimSpace(line))
		}
	}
	return left
}

// leases are the records that name the container.
func (c *Container) leases() (left []string) {
	records, _ := filepath.Glob(filepath.Join(c.Daemon.LullDir(), "leases", "*"))
	for _, path := range records {
		text, _ := os.ReadFile(path)
		if bytes.Contains(text, []byte(`"`+c.ID+`"`)) {
			left = append(left, "lease: "+path)
		}
	}
	return left
}

// NoState fails the test when lull keeps anything at all of any container: for
// daemons whose tasks are all gone.
func (d *Daemon) NoState(t testing.TB) {
	t.Helper()
	err := filepath.WalkDir(d.LullDir(), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			t.Errorf("left of lull's state: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
