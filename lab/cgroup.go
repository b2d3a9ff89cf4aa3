package lab

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cgroupMount is a place where a cgroup hierarchy is mounted.
type cgroupMount struct {
	Point   string
	Unified bool // version 2
}

// cgroupMounts picks the hierarchies out of a mount table: version 1 has
// several, a hybrid machine has both versions.
func cgroupMounts(mounts []mountEntry) []cgroupMount {
	var out []cgroupMount
	for _, m := range mounts {
		switch m.Type {
		case "cgroup":
			out = append(out, cgroupMount{Point: m.Point})
		case "cgroup2":
			out = append(out, cgroupMount{Point: m.Point, Unified: true})
		}
	}
	return out
}

// cgroupDirs is where a container's cgroup path can lie: one folder in each
// hierarchy. A path that would name a hierarchy's root has none.
func cgroupDirs(mounts []cgroupMount, path string) []string {
	clean := filepath.Join("/", path)
	if clean == "/" || strings.Contains(path, ":") { // the second is systemd's form, which the lab does not use
		return nil
	}
	var out []string
	for _, m := range mounts {
		out = append(out, filepath.Join(m.Point, clean))
	}
	return out
}

// cgroups are the cgroups of one daemon's containers, and those of its
// namespaces, which hold others' too where two daemons share a namespace.
type cgroups struct {
	dirs    []string
	parents []string
}

func findCgroups(paths, parents []string) (cgroups, error) {
	mounts, err := readMounts("/proc/self/mountinfo")
	if err != nil {
		return cgroups{}, err
	}
	var c cgroups
	hierarchies := cgroupMounts(mounts)
	c.dirs = existing(hierarchies, paths)
	c.parents = existing(hierarchies, parents)
	return c, nil
}

func existing(hierarchies []cgroupMount, paths []string) []string {
	var out []string
	for _, p := range paths {
		for _, dir := range cgroupDirs(hierarchies, p) {
			if _, err := os.Stat(dir); err == nil {
				out = append(out, dir)
			}
		}
	}
	return out
}

// walk visits every cgroup of c and below, innermost last.
func (c cgroups) walk(visit func(dir string)) {
	for _, dir := range c.dirs {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				visit(path)
			}
			return nil // a cgroup that went away meanwhile is as good as visited
		})
	}
}

// pids are the processes in these cgroups.
func (c cgroups) pids() []int {
	var out []int
	c.walk(func(dir string) {
		b, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, f := range strings.Fields(string(b)) {
			if pid, err := strconv.Atoi(f); err == nil && pid > 0 {
				out = append(out, pid)
			}
		}
	})
	return out
}

// thaw lets frozen processes meet the signals that wait for them.
func (c cgroups) thaw() {
	c.walk(func(dir string) {
		thawFile(filepath.Join(dir, "freezer.state"), "THAWED")
		thawFile(filepath.Join(dir, "cgroup.freeze"), "0")
	})
}

func thawFile(path, state string) {
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil { // never creates
		_, _ = f.WriteString(state)
		f.Close()
	}
}

// remove removes the cgroups, and the namespaces' when those are empty then.
func (c cgroups) remove() error {
	var err error
	for _, dir := range c.dirs {
		if e := removeCgroup(dir); e != nil {
			err = e
		}
	}
	for _, dir := range c.parents {
		_ = os.Remove(dir) // fails while others are in it
	}
	return err
}

func removeCgroup(dir string) error {
	var all []string
	cgroups{dirs: []string{dir}}.walk(func(d string) { all = append(all, d) })
	for i := len(all) - 1; i >= 0; i-- {
		if err := retryRemove(all[i]); err != nil {
			return err
		}
	}
	return nil
}

// retryRemove waits: the kernel refuses for a moment after the last process has
// ended.
func retryRemove(dir string) error {
	var err error
	for range 100 {
		if err = os.Remove(dir); err == nil || os.IsNotExist(err) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}
