package lab

import (
	"os"
	"path/filepath"
	"regexp"
)

// Layout names the three folders that the lab lives in.
type Layout struct {
	Cache string // built parts, kept by Down
	Run   string // sockets and state, one folder per daemon
	Data  string // roots, logs and temporary files, one folder per daemon
}

// DefaultLayout is the layout that LULL_LAB_CACHE, LULL_LAB_RUN and
// LULL_LAB_DATA ask for.
func DefaultLayout() Layout {
	return Layout{
		Cache: envFolder("LULL_LAB_CACHE", "/var/cache/lull-lab"),
		Run:   envFolder("LULL_LAB_RUN", "/run/lull-lab"),
		Data:  envFolder("LULL_LAB_DATA", "/var/lib/lull-lab"),
	}
}

func envFolder(name, fallback string) string {
	dir := os.Getenv(name)
	if dir == "" {
		return fallback
	}
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return filepath.Clean(dir)
}

// RunDir is the folder of a daemon's sockets and state. It is known before the
// daemon starts, so that a caller can put a lull.toml there.
func (l Layout) RunDir(daemon string) string { return filepath.Join(l.Run, daemon) }

// DataDir is the folder of a daemon's root, log and temporary files.
func (l Layout) DataDir(daemon string) string { return filepath.Join(l.Data, daemon) }

// daemonNames lists every daemon that left a folder, running or not.
func (l Layout) daemonNames() []string {
	var names []string
	seen := map[string]bool{}
	for _, dir := range []string{l.Run, l.Data} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if e.IsDir() && validName(e.Name()) && !seen[e.Name()] {
				seen[e.Name()] = true
				names = append(names, e.Name())
			}
		}
	}
	return names
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,19}$`)

// validName keeps daemon names short enough for socket paths (107 bytes) and
// safe in cgroup, namespace and folder names.
func validName(name string) bool { return namePattern.MatchString(name) }
