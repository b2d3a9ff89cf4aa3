package lab

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Shims, runc and ctr keep some files in folders of containerd's own choice,
// whatever the daemon's are. They are shared with the machine's containerd.
const (
	runcRoot  = "/run/containerd/runc"
	fifoRoot  = "/run/containerd/fifo"
	shimRoot  = "/run/containerd/s"
	stateRoot = "/run/containerd"
)

// strays are a daemon's files in those folders. They are looked for while its
// processes and bundles are there to tell whose they are.
type strays struct {
	files      []string // shims' sockets, fifos
	folders    []string // runc's state of one container
	namespaces []string // runc's folders of the containers' namespaces; removed if empty
}

func (l Layout) findStrays(daemon string, containers []bundle) strays {
	var s strays
	var ids []string
	for _, ns := range l.namespaces(daemon) {
		s.namespaces = append(s.namespaces, filepath.Join(runcRoot, ns))
	}
	for _, b := range containers {
		s.files = append(s.files, b.Sockets...)
		ids = append(ids, b.ID)
	}
	s.folders = l.runcStates(daemon)
	s.files = append(s.files, l.fifos(daemon, ids)...)
	return s
}

// runcStates finds runc's state of containers whose bundle lies with this
// daemon.
func (l Layout) runcStates(daemon string) []string {
	var out []string
	states, _ := filepath.Glob(filepath.Join(runcRoot, "*", "*", "state.json"))
	for _, s := range states {
		text, err := os.ReadFile(s)
		if err == nil && strings.Contains(string(text), `"bundle=`+l.RunDir(daemon)+"/") {
			out = append(out, filepath.Dir(s))
		}
	}
	return out
}

// fifos finds a container's standard streams: those that this daemon's
// processes hold open, and those that carry one of its containers' names and
// are open nowhere.
func (l Layout) fifos(daemon string, ids []string) []string {
	all, _ := filepath.Glob(filepath.Join(fifoRoot, "*", "*"))
	if len(all) == 0 {
		return nil
	}
	o, err := l.owner(daemon, cgroups{})
	if err != nil {
		return nil
	}
	holders := openFifos()
	return slices.DeleteFunc(all, func(path string) bool {
		if pids := holders[path]; len(pids) > 0 {
			return !slices.ContainsFunc(pids, o.owns)
		}
		id := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		id, _, _ = cutLast(id, "-")
		return !slices.Contains(ids, id)
	})
}

func openFifos() map[string][]int {
	out := map[string][]int{}
	for _, pid := range allPIDs() {
		fds, _ := filepath.Glob(procFile(pid, "fd/*"))
		for _, fd := range fds {
			if path, err := os.Readlink(fd); err == nil && within(path, fifoRoot) {
				out[path] = append(out[path], pid)
			}
		}
	}
	return out
}

func (s strays) remove() error {
	var errs []error
	for _, f := range s.files {
		if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
			errs = append(errs, err)
		}
		if within(f, fifoRoot) {
			_ = os.Remove(filepath.Dir(f)) // fails until the last of three is gone
		}
	}
	for _, dir := range s.folders {
		errs = append(errs, removeTree(dir))
	}
	for _, dir := range s.namespaces {
		_ = os.Remove(dir)
	}
	return errors.Join(errs...)
}

// removeEmptyDefaults removes those folders where nothing of anybody is left.
func removeEmptyDefaults() {
	for _, dir := range []string{runcRoot, fifoRoot, shimRoot, stateRoot} {
		_ = os.Remove(dir)
	}
}
