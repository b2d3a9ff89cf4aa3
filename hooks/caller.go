package hooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/procs"
)

// caller is the command of a runtime's that has CRIU work for it: runc, crun,
// or what has their command line.
type caller struct {
	pid    int
	global []string // flags before the command
	verb   string   // checkpoint, restore
	args   []string // behind it; the container's id comes last
}

// callerOf finds who started CRIU.
func callerOf(criu int) (caller, error) {
	parent, err := procs.Parent(criu)
	if err != nil {
		return caller{}, err
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", parent))
	if err != nil {
		return caller{}, err
	}
	c, err := parseCaller(strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"))
	c.pid = parent
	return c, err
}

func parseCaller(argv []string) (caller, error) {
	at := slices.IndexFunc(argv, func(a string) bool { return a == "checkpoint" || a == "restore" })
	if at < 1 || at == len(argv)-1 {
		return caller{}, fmt.Errorf("CRIU was not started by a runtime's checkpoint or restore, but by %q; lull's action script works for runc and crun",
			filepath.Base(argv[0]))
	}
	return caller{global: argv[1:at], verb: argv[at], args: argv[at+1:]}, nil
}

func (c caller) id() string { return c.args[len(c.args)-1] }

// name of the runtime's program.
func (c caller) name() string {
	exe, err := os.Readlink(c.exe())
	if err != nil {
		return "runc"
	}
	return strings.TrimSuffix(filepath.Base(exe), " (deleted)")
}

func (c caller) exe() string { return fmt.Sprintf("/proc/%d/exe", c.pid) }

// leavesRunning tells whether the container is to live on.
func (c caller) leavesRunning() bool {
	return slices.Contains(c.args, "--leave-running") || slices.Contains(c.args, "-leave-running") || slices.Contains(c.args, "-R")
}

// value is a flag's, written in either way; empty: it is not there.
func value(args []string, names ...string) string {
	for i, a := range args {
		flag, v, attached := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch {
		case !strings.HasPrefix(a, "-") || !slices.Contains(names, flag):
		case attached:
			return v
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}

// bundle is the folder that a restore names. The runtime goes to it first thing,
// which is what a relative name is told by.
func (c caller) bundle() (string, error) {
	if b := value(c.args, "bundle", "b"); filepath.IsAbs(b) {
		return b, nil
	}
	return os.Readlink(fmt.Sprintf("/proc/%d/cwd", c.pid))
}

// state asks the runtime what it knows of its container.
func (c caller) state() (specs.State, error) {
	var s specs.State
	args := []string{"state", c.id()}
	if root := value(c.global, "root"); root != "" {
		args = append([]string{"--root", root}, args...)
	}
	cmd := exec.Command(c.exe(), args...)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return s, fmt.Errorf("%s state %s: %w: %s", c.name(), c.id(), err, strings.TrimSpace(problem.String()))
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return s, fmt.Errorf("%s state %s: %w", c.name(), c.id(), err)
	}
	if s.Bundle == "" {
		return s, errors.New(c.name() + " names no bundle")
	}
	return s, nil
}
