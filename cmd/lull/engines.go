package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/internal/diversion"
)

// foundEngine is a daemon that starts containers.
type foundEngine struct {
	Name string `json:"name"` // containerd, dockerd
	PID  int    `json:"pid"`
	Exe  string `json:"exe"`
	// Shim is the one that containers get that name no other; none: not found,
	// or the daemon has other files than this command sees.
	Shim string `json:"shim,omitempty"`
	Lull bool   `json:"lull"` // it is lull's front
	// RuntimePaths are shims that its configuration names by path: they are
	// started whatever stands at Shim.
	RuntimePaths []string `json:"runtime_paths,omitempty"`
	Address      string   `json:"address,omitempty"` // of a containerd's socket
}

// findEngines looks at the processes of the host.
func findEngines() []foundEngine {
	var all []foundEngine
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil {
			continue
		}
		if name := engineName(exe, arguments(pid)); name != "" {
			all = append(all, describeEngine(name, pid, exe))
		}
	}
	return all
}

// engineName tells an engine by its program, which may have been upgraded since,
// or by the name that it was called by: k3s is several programs in one.
func engineName(exe string, args []string) string {
	names := []string{strings.TrimSuffix(filepath.Base(exe), " (deleted)")}
	if len(args) > 0 {
		names = append(names, filepath.Base(args[0]))
	}
	for _, name := range names {
		if name == "containerd" || name == "dockerd" {
			return name
		}
	}
	return ""
}

func describeEngine(name string, pid int, exe string) foundEngine {
	e := foundEngine{Name: name, PID: pid, Exe: exe}
	root, args := fmt.Sprintf("/proc/%d/root", pid), arguments(pid)
	if name == "dockerd" {
		e.RuntimePaths = dockerRuntimes(root, valueOf(args, "/etc/docker/daemon.json", "--config-file"))
		return e
	}
	d, err := readDaemon(pid)
	if err != nil {
		return e
	}
	if path, ok := d.shim(diversion.StockShim); ok && diversion.SameFile(filepath.Join(root, path), path) {
		e.Shim, e.Lull = path, diversion.Ours(path)
	}
	config := valueOf(args, "/etc/containerd/config.toml", "--config", "-c")
	e.RuntimePaths = runtimePaths(root, config)
	e.Address = valueOf(args, configuredAddress(root, config), "--address", "-a")
	return e
}

func arguments(pid int) []string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
}

// valueOf is what a daemon was given for an option; otherwise its default.
func valueOf(args []string, otherwise string, names ...string) string {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "--") && len(name) > len("-c") {
			name = "-" + name // -config is --config
		}
		switch {
		case !slices.Contains(names, name):
		case joined:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return otherwise
}

// stockShims are the shims to divert: of every containerd that runs, else the
// one that a containerd started by the system would find.
func stockShims(engines []foundEngine) []string {
	var shims []string
	for _, e := range engines {
		if e.Shim != "" && !slices.Contains(shims, e.Shim) {
			shims = append(shims, e.Shim)
		}
	}
	if len(shims) > 0 {
		return shims
	}
	for _, dir := range filepath.SplitList(systemPath) {
		path := filepath.Join(dir, diversion.StockShim)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return []string{path}
		}
	}
	return nil
}

// systemPath is what systemd gives its services.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
