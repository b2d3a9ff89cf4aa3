package docker

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// plugin runs `lull docker-plugin` under a name that no other test has, as
// dockerd looks for plugins in one folder of the machine.
func plugin(t *testing.T, d *harness.Docker) (name string, supervisor int) {
	t.Helper()
	name = harness.Name(t, "lull")
	socket := filepath.Join("/run/docker/plugins", name+".sock")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(d.Bin(), "lull"), "docker-plugin", "--socket", socket)
	cmd.Env = d.Environ("LULL_CONFIG=" + d.LullConfig())
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(unix.SIGTERM)
		_ = cmd.Wait() // it may have been killed
		_ = os.Remove(socket)
		_ = os.Remove(filepath.Dir(socket)) // only when nobody else has a plugin
		_ = os.Remove(filepath.Dir(filepath.Dir(socket)))
	})
	harness.Eventually(t, "the plugin listens", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
	return name, cmd.Process.Pid
}

// The plugin refuses in words what cannot work, clears the way of a restore,
// saves what docker rm removes, and never stands in dockerd's way.
func TestPlugin(t *testing.T) {
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "28"})
	name, supervisor := plugin(t, d)
	d.Reload(t, map[string]any{"authorization-plugins": []string{name}})

	r := redis().run(t, d, "--restart", "always")
	l := harness.LoadOn(t, r.published(t), ledger.Load{Clients: 2})
	l.Wait(t, 10)
	o := d.Try(t, "checkpoint", "create", r.name, "cut")
	if o.Code == 0 || !strings.Contains(o.Stderr, "docker update --restart=no "+r.name) || !strings.Contains(o.Stderr, name) {
		t.Fatalf("a restart policy: %s", o)
	}
	d.Docker(t, "update", "--restart=no", r.name)
	start, end := l.Cut(func() { r.checkpoint(t, "cut") })
	r.stopped(t)
	if o := d.Try(t, "start", "--checkpoint", "cut", r.name); o.Code != 0 { // at the first attempt
		t.Fatal(o)
	}
	d.Docker(t, "rm", "--force", r.name)
	restored := l.Log.Now()
	r.Container = d.Handle(d.LullJSON(t, "restore", "--rollback", r.name+":cut")["container"].(string))
	r.store = r.inside(r)
	r.waitAnswer(t)
	l.Wait(t, 10)
	l.Check(t, ledger.Continues(start, end, restored))

	worker := child(t, supervisor)
	for _, s := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
		if err := unix.Kill(worker, s); err != nil {
			t.Fatal(err)
		}
		d.Docker(t, "ps")
		worker = child(t, supervisor)
	}
}

// child is the only child of a process that runs.
func child(t *testing.T, parent int) (pid int) {
	t.Helper()
	harness.Eventually(t, "the plugin has a worker", func() bool {
		for _, c := range harness.Children(parent) {
			pid = c
		}
		return pid > 0
	})
	return pid
}
