package diversion

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Use is what running shims need of the host's files.
type Use []Shim

// Shim is a running shim.
type Shim struct {
	PID    int    `json:"pid"`
	Exe    string `json:"exe"`    // the program that it runs; " (deleted)" when that was replaced
	Bundle string `json:"bundle"` // its working folder
	Path   string `json:"path"`   // which the bundle names, and containerd starts to clean up
}

// Running looks at the processes of the host.
func Running() Use {
	var use Use
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err != nil || !strings.HasPrefix(filepath.Base(exe), "containerd-shim-") {
			continue
		}
		s := Shim{Exe: exe}
		s.PID, _ = strconv.Atoi(filepath.Base(dir))
		s.Bundle, _ = os.Readlink(filepath.Join(dir, "cwd"))
		path, _ := os.ReadFile(filepath.Join(s.Bundle, "shim-binary-path"))
		s.Path = strings.TrimSpace(string(path))
		use = append(use, s)
	}
	return use
}

// of counts the shims that need a file of an installation: whose bundle names
// it, or which is lull's and starts the others as long as it runs. A front that
// is about to become lull's shim counts.
func (u Use) of(file string, files []string) (n int) {
	for _, s := range u {
		if s.named(file) || slices.ContainsFunc(files, s.runs) || s.isFront() {
			n++
		}
	}
	return n
}

func (s Shim) named(file string) bool {
	return s.Path == file || s.Path != "" && SameFile(s.Path, file)
}

// runs tells whether the shim is that program, or was before another version
// took its place.
func (s Shim) runs(file string) bool {
	exe := strings.TrimSuffix(strings.TrimSuffix(s.Exe, " (deleted)"), old)
	return exe == file || s.PID != 0 && SameFile(fmt.Sprintf("/proc/%d/exe", s.PID), file)
}

func (s Shim) isFront() bool {
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(s.Exe), " (deleted)"), old)
	return name == StockShim && s.PID != 0 && Ours(fmt.Sprintf("/proc/%d/exe", s.PID))
}
