package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestEngineName(t *testing.T) {
	for exe, args := range map[string][]string{
		"/usr/bin/containerd":                    nil,
		"/usr/bin/containerd (deleted)":          {"/usr/bin/containerd"},
		"/var/lib/rancher/k3s/data/0123/bin/k3s": {"containerd", "-c", "/x.toml"},
	} {
		if name := engineName(exe, args); name != "containerd" {
			t.Errorf("%s %q: %q", exe, args, name)
		}
	}
	if name := engineName("/usr/bin/containerd-shim-runc-v2", []string{"/usr/bin/containerd-shim-runc-v2"}); name != "" {
		t.Errorf("a shim is %q", name)
	}
}

func TestValueOf(t *testing.T) {
	for _, args := range [][]string{
		{"containerd", "--config", "/x"}, {"containerd", "--config=/x"}, {"containerd", "-config", "/x"}, {"containerd", "-c", "/x", "-a", "/y"},
	} {
		if v := valueOf(args, "/default", "--config", "-c"); v != "/x" {
			t.Errorf("%q: %q", args, v)
		}
	}
	if v := valueOf([]string{"containerd", "--config"}, "/default", "--config", "-c"); v != "/default" {
		t.Errorf("without a value: %q", v)
	}
}

// What a daemon reads is below its own root, imports and all.
func TestEngineConfigurations(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"etc/containerd/config.toml":    "imports = ['conf.d/*.toml', '/opt/more.toml', '/etc/containerd/config.toml']\n[grpc]\naddress = '/run/first.sock'",
		"etc/containerd/conf.d/10.toml": "[plugins.x.containerd.runtimes.lull]\nruntime_path = '/usr/local/bin/a'",
		"opt/more.toml":                 "[plugins.y.runtimes.z]\nruntime_path = '/usr/local/bin/b'\n[grpc]\naddress = '/run/second.sock'",
		"etc/docker/daemon.json":        `{"runtimes":{"lull":{"runtimeType":"/usr/local/bin/c"},"crun":{"path":"/usr/bin/crun"},"named":{"runtimeType":"io.containerd.lull.v2"}}}`,
	} {
		writeFile(t, filepath.Join(root, path), text)
	}
	if got := runtimePaths(root, "/etc/containerd/config.toml"); !slices.Equal(got, []string{"/usr/local/bin/a", "/usr/local/bin/b"}) {
		t.Errorf("runtime_path: %q", got)
	}
	if got := configuredAddress(root, "/etc/containerd/config.toml"); got != "/run/second.sock" {
		t.Errorf("the last file to name a socket counts: %q", got)
	}
	if got := runtimePaths(root, "/etc/containerd/absent.toml"); !slices.Equal(got, []string{"/usr/local/bin/a"}) {
		t.Errorf("without a file the default drop-ins count: %q", got)
	}
	if got := dockerRuntimes(root, "/etc/docker/daemon.json"); !slices.Equal(got, []string{"/usr/local/bin/c"}) {
		t.Errorf("dockerd's: %q", got)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Each containerd that finds a diverted shim is tried, once.
func TestAddresses(t *testing.T) {
	dir := t.TempDir()
	shim, other := filepath.Join(dir, "shim"), filepath.Join(dir, "other")
	writeFile(t, shim, "")
	writeFile(t, other, "")
	got := addresses("/run/asked.sock", []foundEngine{
		{Shim: shim, Address: "/run/a.sock"}, {Shim: shim, Address: "/run/a.sock"}, {Shim: shim, Address: "/run/asked.sock"},
		{Shim: other, Address: "/run/b.sock"}, {Address: "/run/c.sock"},
	}, []string{shim})
	if !slices.Equal(got, []string{"/run/asked.sock", "/run/a.sock"}) {
		t.Errorf("%q", got)
	}
}
