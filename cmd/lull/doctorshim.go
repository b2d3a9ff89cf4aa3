package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/config"
)

// The shims that containerd looks for, by runtime name.
const (
	shimStock = "containerd-shim-runc-v2" // io.containerd.runc.v2
	shimLull  = "containerd-shim-lull-v2" // of runtimeLull

	runtimeLull = "io.containerd.lull.v2"
	ourModule   = "github.com/lull-containers/lull/"

	stockSuffix = ".stock" // of the one that was put aside
)

func shimFindings(d daemon, cfg config.Config) []criu.Finding {
	if d.pid == 0 {
		return nil
	}
	all := []criu.Finding{d.divertFinding(), d.namedFinding(), stockFinding(d, cfg)}
	return append(all, runningShims()...)
}

// ours tells by what the linker wrote into a binary, without running it.
func ours(path string) bool {
	info, err := buildinfo.ReadFile(path)
	return err == nil && strings.HasPrefix(info.Path, ourModule)
}

// serves tells whether Docker's containers of a runtime get lull's shim.
func (d daemon) serves(runtime string) error {
	name := shimStock
	if runtime == runtimeLull {
		name = shimLull
	}
	if path, ok := d.shim(name); !ok || !ours(path) {
		return fail(exitHost, "lull install; see `lull doctor`", "containerd's %s is not lull's: nothing would be verified", name)
	}
	return nil
}

// divertFinding looks at the shim of every client that names no other. The
// stock one will do for those who name lull's.
func (d daemon) divertFinding() criu.Finding {
	path, ok := d.shim(shimStock)
	if !ok {
		return criu.Finding{Severity: criu.Fail, Check: "shim", What: "containerd finds no " + shimStock,
			Remedy: "install containerd's own shim on its PATH"}
	}
	if ours(path) {
		return okay("shim", "io.containerd.runc.v2 is lull's (%s)", path)
	}
	severity := criu.Warn
	if _, named := d.shim(shimLull); !named {
		severity = criu.Fail // nothing is served at all
	}
	return criu.Finding{Severity: severity, Check: "shim",
		What:   "io.containerd.runc.v2 is the stock shim (" + path + "): only containers with the runtime io.containerd.lull.v2 are served",
		Remedy: "lull install"}
}

// namedFinding looks at the shim of clients that ask for lull.
func (d daemon) namedFinding() criu.Finding {
	path, ok := d.shim(shimLull)
	switch {
	case !ok:
		return criu.Finding{Severity: criu.Warn, Check: "named runtime",
			What: "containerd finds no " + shimLull + ": io.containerd.lull.v2 cannot be used", Remedy: "install it on containerd's PATH"}
	case !ours(path):
		return criu.Finding{Severity: criu.Fail, Check: "named runtime", What: path + " is not lull's", Remedy: "replace it"}
	}
	return okay("named runtime", "io.containerd.lull.v2 is lull's (%s)", path)
}

// stockFinding looks for the shim that lull hands other containers to.
func stockFinding(d daemon, cfg config.Config) criu.Finding {
	if cfg.StockShim != "" {
		if _, err := (criu.Environment{}).Find(cfg.StockShim); err != nil || ours(cfg.StockShim) {
			return criu.Finding{Severity: criu.Fail, Check: "stock shim", What: fmt.Sprintf("stock_shim = %q is not containerd's shim", cfg.StockShim),
				Remedy: "name it in config.toml, or leave stock_shim empty"}
		}
		return okay("stock shim", "%s", cfg.StockShim)
	}
	candidates := []string{filepath.Join(filepath.Dir(d.exe), shimStock)}
	if path, ok := d.shim(shimStock); ok {
		candidates = append(candidates, path, path+stockSuffix)
	}
	for _, dir := range filepath.SplitList(d.path()) {
		candidates = append(candidates, filepath.Join(dir, shimStock))
	}
	for _, path := range candidates {
		if _, err := (criu.Environment{}).Find(path); err == nil && !ours(path) {
			return okay("stock shim", "%s", path)
		}
	}
	return okay("stock shim", "none found: lull's own, the same code, serves containers that are no database")
}

// runningShims counts the shims that run, by binary: one that was replaced
// since goes on with its old code.
func runningShims() []criu.Finding {
	count := map[string]int{}
	pids, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range pids {
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err == nil && strings.HasPrefix(filepath.Base(exe), "containerd-shim-") {
			count[exe]++
		}
	}
	var all []criu.Finding
	for exe, n := range count {
		all = append(all, runningShim(exe, n))
	}
	slices.SortFunc(all, func(a, b criu.Finding) int { return strings.Compare(a.What, b.What) })
	return all
}

func runningShim(exe string, n int) criu.Finding {
	text := strconv.Itoa(n) + " running with " + exe
	if strings.HasSuffix(exe, " (deleted)") {
		return criu.Finding{Severity: criu.Warn, Check: "running shims", What: text,
			Remedy: "that binary was replaced: these containers get the new one when they are started again"}
	}
	return okay("running shims", "%s", text)
}
