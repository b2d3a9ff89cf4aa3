package front

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// stockName is the stock shim's file name, under which lull's may be found
// too.
const stockName = "containerd-shim-runc-v2"

// lullName is the file name of lull's shim.
const lullName = "containerd-shim-lull-v2"

// handedOver in the environment ends a search that would come back to where it
// began, on a host without a stock shim.
const handedOver = "LULL_HANDED_OVER"

// Become turns this process into another program, called the same way. It
// returns only on failure; an empty path is one.
func Become(path string) {
	args := append([]string{path}, os.Args[1:]...)
	_ = unix.Exec(path, args, append(os.Environ(), handedOver+"=1"))
}

// Lull is the path of lull's shim: beside this program, or along PATH.
func Lull() string {
	self, _ := os.Executable()
	return first(self, []string{filepath.Join(filepath.Dir(self), lullName)}, lullName)
}

// Stock is the path of the stock shim: where the configuration says, beside
// this program the one that a diversion kept, or along PATH. It is empty when
// there is none.
func Stock(configured string) string {
	if os.Getenv(handedOver) != "" {
		return ""
	}
	self, _ := os.Executable()
	kept := filepath.Join(filepath.Dir(self), stockName+".stock")
	return first(self, []string{configured, kept}, stockName)
}

// first is the first usable candidate, those along PATH last.
func first(self string, candidates []string, name string) string {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		candidates = append(candidates, filepath.Join(dir, name))
	}
	i := slices.IndexFunc(candidates, func(p string) bool { return usable(p, self) })
	if i < 0 {
		return ""
	}
	return candidates[i]
}

// usable tells whether path is a program, and another one than this.
func usable(path, self string) bool {
	if path == "" {
		return false
	}
	if _, err := exec.LookPath(path); err != nil {
		return false
	}
	a, err := os.Stat(path)
	if err != nil {
		return false
	}
	b, err := os.Stat(self)
	return err == nil && !os.SameFile(a, b)
}
