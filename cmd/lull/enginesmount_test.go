package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lull-containers/lull/internal/diversion"
)

// A daemon in a mount namespace of its own, as a unit's or as seen from a pod, has
// the host's files all the same.
func TestEngineInItsOwnMounts(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a mount namespace needs root")
	}
	dir := t.TempDir()
	shim := filepath.Join(dir, diversion.StockShim)
	writeFile(t, shim, "stock shim")
	if err := os.Chmod(shim, 0o755); err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), "cat")
	program.Env = []string{"PATH=" + dir}
	program.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = program.Wait() }()
	if e := describeEngine("containerd", program.Process.Pid, program.Path); e.Shim != shim {
		t.Errorf("%+v", e)
	}
}
