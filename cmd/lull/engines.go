package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/lull-containers/lull/internal/diversion"
)

// foundEngine is a daemon that starts containers.
type foundEngine struct {
	Name string `json:"name"` // containerd, dockerd
	PID  int    `json:"pid"`
	Exe  string `json:"exe"`
	// Shim is the one that containers get that name no other; none: not found,
	// or the daemon lives in another mount namespace than this command.
	Shim string `json:"shim,omitempty"`
	Lull bool   `json:"lull"` // it is lull's front
	// RuntimePaths are shims that CRI's configuration names by path: they are
	// started whatever stands at Shim.
	RuntimePaths []string `json:"runtime_paths,omitempty"`
}

// findEngines looks at the processes of the host.
func findEngines() []foundEngine {
	var all []foundEngine
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		name := filepath.Base(exe)
		if err != nil || name != "containerd" && name != "dockerd" {
			continue
		}
		all = append(all, describeEngine(name, pid, exe))
	}
	return all
}

func describeEngine(name string, pid int, exe string) foundEngine {
	e := foundEngine{Name: name, PID: pid, Exe: exe}
	d, err := readDaemon(pid)
	if err != nil || name != "containerd" || !sameMounts(pid) {
		return e
	}
	if path, ok := d.shim(diversion.StockShim); ok {
		e.Shim, e.Lull = path, diversion.Ours(path)
	}
	e.RuntimePaths = runtimePaths(configOf(pid))
	return e
}

func sameMounts(pid int) bool {
	theirs, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns/mnt"))
	own, _ := os.Readlink("/proc/self/ns/mnt")
	return err == nil && theirs == own
}

// configOf is the configuration file that a containerd was started with.
func configOf(pid int) string {
	line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	args := strings.Split(string(line), "\x00")
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if name != "--config" && name != "-config" && name != "-c" {
			continue
		}
		if joined {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return "/etc/containerd/config.toml"
}

// runtimePaths finds every runtime_path in a containerd's configuration,
// whatever its version calls the section.
func runtimePaths(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var tree any
	if toml.Unmarshal(data, &tree) != nil {
		return nil
	}
	paths := walkRuntimes(tree)
	slices.Sort(paths)
	return slices.Compact(paths)
}

func walkRuntimes(node any) (paths []string) {
	table, ok := node.(map[string]any)
	if !ok {
		return nil
	}
	for key, value := range table {
		if path, ok := value.(string); ok && key == "runtime_path" && path != "" {
			paths = append(paths, path)
		}
		paths = append(paths, walkRuntimes(value)...)
	}
	return paths
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
