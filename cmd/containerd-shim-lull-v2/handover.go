package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/config"
)

// stockName is the stock shim's file name, under which lull's may be found
// too.
const stockName = "containerd-shim-runc-v2"

// handOver becomes the stock shim. It returns only when there is none: the
// built-in one, which is the same code, serves then.
func handOver(cfg config.Config) {
	path := findStock(cfg)
	if path == "" {
		return
	}
	args := append([]string{path}, os.Args[1:]...)
	_ = unix.Exec(path, args, os.Environ())
}

// findStock looks where the configuration says, beside this binary for the one
// that a diversion kept, and along PATH; never at this binary itself.
func findStock(cfg config.Config) string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	candidates := []string{cfg.StockShim, filepath.Join(filepath.Dir(self), stockName+".stock")}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		candidates = append(candidates, filepath.Join(dir, stockName))
	}
	i := slices.IndexFunc(candidates, func(p string) bool { return usable(p, self) })
	if i < 0 {
		return ""
	}
	return candidates[i]
}

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
