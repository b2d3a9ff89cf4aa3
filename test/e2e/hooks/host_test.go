package hooks

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// patience bounds one command of a runtime's.
const patience = 3 * time.Minute

// host is a machine with lull's hooks installed, in folders of its own.
type host struct {
	lab        *lab.Lab
	run, data  string
	bin        string
	criuConfig string
	ociHooks   string // folder
	env        []string
}

func newHost(t *testing.T) *host {
	t.Helper()
	l := harness.Require(t)
	name := harness.Name(t, "hk")
	h := &host{lab: l, run: l.RunDir(name), data: l.DataDir(name), bin: harness.Binaries(t)}
	h.criuConfig, h.ociHooks = filepath.Join(h.run, "runc.conf"), filepath.Join(h.run, "hooks.d")
	for _, dir := range []string{h.run, h.data, h.failpoints()} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { h.gone(t, dir) })
	}
	config := fmt.Sprintf("state_dir = %q\nstore_dir = %q\n", h.state(), filepath.Join(h.data, "captures"))
	if err := os.WriteFile(h.config(), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	h.env = l.Env("LULL_FAILPOINTS=" + h.failpoints())
	h.lull(t, "hooks", "install", "--criu-config", h.criuConfig, "--script", filepath.Join(h.run, "criu-action"),
		"--oci-hooks", filepath.Join(h.ociHooks, "lull.json"))
	return h
}

func (h *host) gone(t *testing.T, dir string) {
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("left behind: %v", err)
	}
}

func (h *host) config() string     { return filepath.Join(h.run, "lull.toml") }
func (h *host) state() string      { return filepath.Join(h.run, "lull") }
func (h *host) failpoints() string { return filepath.Join(h.data, "failpoints") }

// lull runs the lull command, which has to succeed.
func (h *host) lull(t *testing.T, args ...string) {
	t.Helper()
	h.must(t, filepath.Join(h.bin, "lull"), append([]string{"--config", h.config()}, args...)...)
}

// try runs a program of the lab's to its end.
func (h *host) try(t *testing.T, program string, args ...string) harness.Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return harness.Run(t, h.command(ctx, program, args...))
}

func (h *host) must(t *testing.T, program string, args ...string) {
	t.Helper()
	o := h.try(t, program, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
}

func (h *host) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = h.env
	return cmd
}

// nothingHeld: no process of lull's is left, and nothing that the state folder
// names.
func (h *host) nothingHeld(t *testing.T) {
	t.Helper()
	harness.Eventually(t, "lull's keepers are gone", func() bool {
		left, err := filepath.Glob(filepath.Join(h.state(), "hooks", "*"))
		return err == nil && len(left) == 0
	})
}
