package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bundle is a container that a daemon has, or had when it was killed.
type bundle struct {
	Dir       string
	Namespace string
	ID        string
	Cgroup    string
	Sockets   []string // of its shim
}

// bundles finds them by their folders: no daemon has to answer.
func (l Layout) bundles(daemon string) []bundle {
	configs, _ := filepath.Glob(filepath.Join(l.RunDir(daemon), "state", "io.containerd.runtime.v2.task", "*", "*"))
	var out []bundle
	for _, dir := range configs {
		out = append(out, readBundle(dir))
	}
	return out
}

// namespaces are those that a daemon has, or had, containers in.
func (l Layout) namespaces(daemon string) []string {
	var out []string
	if d, err := l.daemon(daemon); err == nil {
		out = append(out, d.Namespace)
	}
	for _, dir := range []string{filepath.Join(l.RunDir(daemon), "state"), filepath.Join(l.DataDir(daemon), "root")} {
		found, _ := filepath.Glob(filepath.Join(dir, "io.containerd.runtime.v2.task", "*"))
		for _, f := range found {
			out = append(out, filepath.Base(f))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func readBundle(dir string) bundle {
	b := bundle{Dir: dir, ID: filepath.Base(dir), Namespace: filepath.Base(filepath.Dir(dir))}
	var spec struct {
		Linux struct {
			CgroupsPath string `json:"cgroupsPath"`
		} `json:"linux"`
	}
	if text, err := os.ReadFile(filepath.Join(dir, "config.json")); err == nil && json.Unmarshal(text, &spec) == nil {
		b.Cgroup = spec.Linux.CgroupsPath
	}
	if b.Cgroup == "" { // runc's choice
		b.Cgroup = "/" + b.ID
	}
	b.Sockets = shimSockets(dir)
	return b
}

// shimSockets reads where a shim listens: a plain address, or one in JSON.
func shimSockets(dir string) []string {
	var out []string
	for _, name := range []string{"address", "bootstrap.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		address := string(text)
		var j struct {
			Address string `json:"address"`
		}
		if json.Unmarshal(text, &j) == nil {
			address = j.Address
		}
		if path, ok := strings.CutPrefix(strings.TrimSpace(address), "unix://"); ok {
			out = append(out, path)
		}
	}
	return out
}
