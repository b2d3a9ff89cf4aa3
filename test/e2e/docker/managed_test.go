package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lull-containers/lull/test/e2e/harness"
)

// dockerd takes the plugin's managed definition, runs it, and is advised by it.
func TestManagedPlugin(t *testing.T) {
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "29"})
	name := harness.Name(t, "lull")
	d.Docker(t, "plugin", "create", name, definition(t, d))
	t.Cleanup(func() { _ = d.Try(t, "plugin", "rm", "--force", name) })
	d.Docker(t, "plugin", "enable", name)
	d.Reload(t, map[string]any{"authorization-plugins": []string{name}})
	t.Cleanup(func() { d.Reload(t, map[string]any{"authorization-plugins": []string{}}) })

	r := redis().run(t, d, "--restart", "always")
	o := d.Try(t, "checkpoint", "create", r.name, "cut")
	if o.Code == 0 || !strings.Contains(o.Stderr, "docker update --restart=no "+r.name) || !strings.Contains(o.Stderr, "plugin "+name) {
		t.Fatalf("a restart policy: %s", o)
	}
	d.Docker(t, "update", "--restart=no", r.name)
	r.checkpoint(t, "cut")
	r.stopped(t)
	if o := d.Try(t, "start", "--checkpoint", "cut", r.name); o.Code != 0 { // at the first attempt
		t.Fatal(o)
	}
	r.waitAnswer(t)
}

// definition is the plugin's folder for `docker plugin create`, with the lab's
// paths in the place of the host's.
func definition(t *testing.T, d *harness.Docker) string {
	t.Helper()
	text, err := os.ReadFile("../../../plugin/docker/managed/config.json")
	if err != nil {
		t.Fatal(err)
	}
	lab := strings.NewReplacer(`"/run/containerd/containerd.sock"`, `"`+d.Address+`"`, `"/run"`, `"`+d.Dir+`"`,
		`"/var/lib/docker"`, `"`+d.Dockerd.Root+`"`, `"/var/lib/lull"`, `"`+d.Data+`"`, `"/etc/lull/config.toml"`, `"`+d.LullConfig()+`"`,
		`"/etc/lull"`, `"`+filepath.Dir(d.LullConfig())+`"`, `"moby"`, `"`+d.Namespace+`"`).Replace(string(text))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(lab), 0o644); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "rootfs", "usr", "local", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(filepath.Join(d.Bin(), "lull"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "lull"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
