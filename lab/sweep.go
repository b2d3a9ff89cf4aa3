package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sweep ends everything that a daemon started and removes its folders. It looks
// at what is there and trusts no daemon to answer, so it works after anything
// was killed, and on containers that are frozen. Files of the run folder that
// are named in keep stay.
func (l Layout) sweep(ctx context.Context, daemon string, keep ...string) error {
	containers := l.bundles(daemon)
	groups, err := findCgroups(cgroupPaths(containers), l.namespaces(daemon))
	if err != nil {
		return err
	}
	strays := l.findStrays(daemon, containers)
	steps := []struct {
		what string
		do   func() error
	}{
		{"end containerd", func() error { return l.endContainerd(daemon) }},
		{"end processes", func() error { return l.endProcesses(ctx, daemon, groups) }},
		{"unmount", func() error { return errors.Join(unmountAll(l.RunDir(daemon)), unmountAll(l.DataDir(daemon))) }},
		{"remove cgroups", groups.remove},
		{"remove what the shims left elsewhere", strays.remove},
		{"remove folders", func() error { return l.removeFolders(daemon, keep) }},
	}
	var errs []error
	for _, s := range steps {
		if err := s.do(); err != nil {
			errs = append(errs, fmt.Errorf("lab daemon %s: %s: %w", daemon, s.what, err))
		}
	}
	return errors.Join(errs...)
}

func cgroupPaths(containers []bundle) []string {
	var out []string
	for _, b := range containers {
		out = append(out, b.Cgroup)
	}
	return out
}

// endContainerd comes first: it would clean up, and start, while we do.
func (l Layout) endContainerd(daemon string) error {
	d, err := l.daemon(daemon)
	if err != nil {
		return nil //nolint:nilerr // none was recorded; endProcesses finds one that was not
	}
	if err := d.Process.signal(unix.SIGKILL); err != nil {
		return err
	}
	d.Process.gone(5 * time.Second)
	return nil
}

// endProcesses ends containers first, so that their shims can reap them.
func (l Layout) endProcesses(ctx context.Context, daemon string, groups cgroups) error {
	o, err := l.owner(daemon, groups)
	if err != nil {
		return err
	}
	kill(members(groups, o.spare), groups, 2*time.Second)
	for range 20 { // what forks while it is being killed is found the next time
		found := o.processes()
		if len(found) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		kill(found, groups, time.Second)
	}
	return fmt.Errorf("these do not end: %s", describe(o.processes()))
}

func members(groups cgroups, spare map[int]bool) []process {
	var out []process
	for _, pid := range groups.pids() {
		if p, err := identify(pid); err == nil && !spare[pid] {
			out = append(out, p)
		}
	}
	return out
}

// kill signals first and thaws then: a frozen process never runs again.
func kill(all []process, groups cgroups, within time.Duration) {
	for _, p := range all {
		_ = p.signal(unix.SIGKILL) // seen again in the next round if it failed
	}
	groups.thaw()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		left := slices.DeleteFunc(slices.Clone(all), func(p process) bool { return !p.alive() })
		if len(left) == 0 || time.Now().After(end) {
			return
		}
	}
}

func describe(all []process) string {
	var out []string
	for _, p := range all {
		name, _ := os.ReadFile(procFile(p.PID, "comm"))
		out = append(out, fmt.Sprintf("%d (%s)", p.PID, strings.TrimSpace(string(name))))
	}
	return strings.Join(out, ", ")
}

func (l Layout) removeFolders(daemon string, keep []string) error {
	if err := removeTree(l.DataDir(daemon)); err != nil {
		return err
	}
	run := l.RunDir(daemon)
	if len(keep) == 0 {
		return removeTree(run)
	}
	entries, err := os.ReadDir(run)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if slices.Contains(keep, e.Name()) {
			continue
		}
		if err := removeTree(filepath.Join(run, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
