package install

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

const stockShim = "containerd-shim-runc-v2"

// Containers that run, a database of lull's among them, live on over an
// installation, an upgrade, one that fails, a downgrade and the end of it, and
// over a restart of the daemon after each.
func TestInstall(t *testing.T) {
	h := newHost(t)
	plain := h.running(t, h.d.Run(t, harness.ContainerOptions{Image: "busybox:lab", Args: []string{"sleep", "100000"}}))
	before := h.running(t, h.postgres(t).Container)

	if o := h.install(t, h.d.Bin(), "--dry-run"); o.Code != 0 || h.diverted(t) {
		t.Fatalf("a dry run: %s", o)
	}
	h.must(t, h.install(t, h.d.Bin()), "two throwaway containers ran")
	h.must(t, h.install(t, h.d.Bin()), "nothing to do")
	h.survive(t, plain, before)
	if o := h.d.TryLull(t, "checkpoint", before.ID); o.Code != 8 || !strings.Contains(o.Stderr, "lull") {
		t.Errorf("a database of before the installation gets no clear answer: %s", o)
	}

	database := h.running(t, h.postgres(t).Container)
	database.Record(t) // it is lull's
	h.must(t, h.install(t, h.version(t, "2")), "two throwaway containers ran")
	h.survive(t, plain, before, database)
	h.checkpoint(t, database)

	h.failedUpgrade(t)
	h.survive(t, plain, before, database)
	h.must(t, h.install(t, h.d.Bin()), "replace")
	h.survive(t, plain, before, database)
	h.checkpoint(t, database)

	h.must(t, h.d.TryLull(t, "uninstall", "--record", h.record), "stays")
	if h.diverted(t) {
		t.Error("the stock shim is not back in its place")
	}
	h.survive(t, plain, before, database)
	h.checkpoint(t, database)
	database.Remove(t)
	harness.Eventually(t, "uninstall leaves nothing", func() bool {
		h.must(t, h.d.TryLull(t, "uninstall", "--record", h.record), "")
		return len(h.left(t)) == 0
	})
	h.survive(t, plain, before)
}

// host is where lull is installed: a containerd that finds its shim in one
// folder, and programs in another.
type host struct {
	d                  *harness.Daemon
	shims, bin, record string
}

func newHost(t *testing.T) *host {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // the agent is nobody
		t.Fatal(err)
	}
	h := &host{shims: filepath.Join(dir, "shims"), bin: filepath.Join(dir, "bin"), record: filepath.Join(dir, "lib", "install.json")}
	if err := os.MkdirAll(h.shims, 0o755); err != nil {
		t.Fatal(err)
	}
	h.d = harness.Start(t, harness.Options{Stock: true, BinDirs: []string{h.shims, h.bin}})
	copyFile(t, h.d.Lab.Path(stockShim), filepath.Join(h.shims, stockShim), "")
	h.configure(t)
	return h
}

// configure leaves to lull what an installed one finds by itself.
func (h *host) configure(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(h.d.LullConfig())
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "stock_shim") && !strings.HasPrefix(line, "lull ") {
			kept = append(kept, line)
		}
	}
	if err := os.WriteFile(h.d.LullConfig(), []byte(strings.Join(kept, "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (h *host) install(t *testing.T, from string, more ...string) harness.Output {
	t.Helper()
	args := []string{"install", "--from", from, "--bin", h.bin, "--shim", filepath.Join(h.shims, stockShim), "--record", h.record}
	return h.d.TryLull(t, append(args, more...)...)
}

func (h *host) must(t *testing.T, o harness.Output, says string) {
	t.Helper()
	if o.Code != 0 || !strings.Contains(o.Stdout, says) {
		t.Fatalf("no %q: %s", says, o)
	}
}

// failedUpgrade installs a version whose shim starts no container: the one
// before it stands.
func (h *host) failedUpgrade(t *testing.T) {
	t.Helper()
	was := h.contents(t)
	broken := h.version(t, "3")
	copyFile(t, filepath.Join(h.d.Bin(), "lull"), filepath.Join(broken, "containerd-shim-lull-v2"), "")
	if o := h.install(t, broken); o.Code != 8 || !strings.Contains(o.Stderr, "does not run") {
		t.Errorf("an upgrade whose shim is broken: %s", o)
	}
	for path, data := range h.contents(t) {
		if !bytes.Equal(was[path], data) {
			t.Errorf("%s is not what it was", path)
		}
	}
	if len(h.contents(t)) != len(was) {
		t.Errorf("left of the failed upgrade: %d files were %d", len(h.contents(t)), len(was))
	}
}

// version makes another version of lull: the same, and something behind it.
func (h *host) version(t *testing.T, v string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"lull", "lull-agent", "containerd-shim-lull-v2", stockShim} {
		copyFile(t, filepath.Join(h.d.Bin(), name), filepath.Join(dir, name), v)
	}
	return dir
}

func (h *host) contents(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, dir := range []string{h.shims, h.bin, filepath.Dir(h.record)} {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if all[path], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// left is what an uninstalled lull left behind.
func (h *host) left(t *testing.T) (left []string) {
	t.Helper()
	for path := range h.contents(t) {
		if path != filepath.Join(h.shims, stockShim) {
			left = append(left, path)
		}
	}
	return left
}

func (h *host) diverted(t *testing.T) bool {
	t.Helper()
	now, err := os.ReadFile(filepath.Join(h.shims, stockShim))
	if err != nil {
		t.Fatal(err)
	}
	stock, err := os.ReadFile(h.d.Lab.Path(stockShim))
	if err != nil {
		t.Fatal(err)
	}
	return !bytes.Equal(now, stock)
}

func copyFile(t *testing.T, from, to, behind string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, append(data, behind...), 0o755); err != nil {
		t.Fatal(err)
	}
}
