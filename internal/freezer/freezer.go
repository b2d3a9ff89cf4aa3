// Package freezer reads and writes the kernel's freezer of one container,
// cgroup v1 and v2. It is used to look after the runtime, and to thaw when
// the runtime cannot: freezing itself is the runtime's business.
package freezer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/cleanup"
)

// Root is where cgroups are mounted.
const Root = "/sys/fs/cgroup"

// File is the control file of one freezer: …/freezer.state on cgroup v1,
// …/cgroup.freeze on v2.
type File string

// Of finds the freezer that process pid is in.
func Of(pid int) (File, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return "", err
	}
	defer f.Close()
	return find(Root, Unified(), bufio.NewScanner(f))
}

// Unified tells whether cgroup v2 alone is mounted at Root. The kernel may have
// hierarchies of v1 all the same; nobody sees them there.
func Unified() bool {
	var s unix.Statfs_t
	return unix.Statfs(Root, &s) == nil && s.Type == unix.CGROUP2_SUPER_MAGIC
}

// find prefers v1's freezer hierarchy where it is mounted: on a hybrid host
// runc freezes there.
func find(root string, only2 bool, lines *bufio.Scanner) (File, error) {
	var unified File
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[1] == "freezer" && !only2:
			return File(filepath.Join(root, "freezer", parts[2], "freezer.state")), nil
		case parts[1] == "":
			unified = File(filepath.Join(root, parts[2], "cgroup.freeze"))
		}
	}
	if err := lines.Err(); err != nil {
		return "", err
	}
	if unified == "" {
		return "", errors.New("the process is in no freezer cgroup")
	}
	return unified, nil
}

func (f File) v2() bool { return filepath.Base(string(f)) == "cgroup.freeze" }

// Frozen asks the kernel whether every process in the cgroup is frozen.
// FREEZING is not frozen.
func (f File) Frozen() (bool, error) {
	if f.v2() {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(string(f)), "cgroup.events"))
		return strings.Contains(string(data), "frozen 1"), err
	}
	data, err := os.ReadFile(string(f))
	return strings.TrimSpace(string(data)) == "FROZEN", err
}

// Thaw writes the file and waits until the kernel says thawed. A cgroup that
// is gone is thawed.
func (f File) Thaw(ctx context.Context) error { return cleanup.IgnoreAbsent(f.set(ctx, false)) }

// Freeze writes the file and waits until the kernel says frozen. It is for
// getting back in step with a runtime that believes in a pause; the caller
// thaws, also after an error.
func (f File) Freeze(ctx context.Context) error { return f.set(ctx, true) }

func (f File) set(ctx context.Context, want bool) error {
	if err := os.WriteFile(string(f), []byte(f.word(want)), 0); err != nil {
		return err
	}
	for {
		frozen, err := f.Frozen()
		if err != nil || frozen == want {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not say %s: %w", f, f.word(want), ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (f File) word(frozen bool) string {
	words := map[bool]string{true: "FROZEN", false: "THAWED"}
	if f.v2() {
		words = map[bool]string{true: "1", false: "0"}
	}
	return words[frozen]
}

// Pids lists the processes of the cgroup and of those below it.
func (f File) Pids() ([]int, error) {
	var pids []int
	err := filepath.WalkDir(filepath.Dir(string(f)), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "cgroup.procs" {
			return cleanup.IgnoreAbsent(err)
		}
		more, err := readPids(path)
		pids = append(pids, more...)
		return cleanup.IgnoreAbsent(err)
	})
	return pids, err
}

func readPids(path string) ([]int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, word := range strings.Fields(string(data)) {
		var pid int
		if _, err := fmt.Sscanf(word, "%d", &pid); err != nil {
			return nil, fmt.Errorf("%s: %q is no pid", path, word)
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
