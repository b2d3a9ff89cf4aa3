package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// plugin is a `lull docker-plugin` that runs.
type plugin struct {
	name string // dockerd's for it
	pid  int    // of the process that watches the one that answers
	log  string // file
	heir int    // the process that watches now; 0: the first still does
}

// startPlugin runs one under a name that no other test has, as dockerd looks
// for plugins in one folder of the machine.
func startPlugin(t *testing.T, d *harness.Docker) *plugin {
	t.Helper()
	name := harness.Name(t, "lull")
	socket := filepath.Join("/run/docker/plugins", name+".sock")
	log, err := os.Create(filepath.Join(t.TempDir(), "plugin.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(d.Bin(), "lull"), "docker-plugin", "--socket", socket)
	cmd.Env = d.Environ("LULL_CONFIG=" + d.LullConfig())
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &plugin{name: name, pid: cmd.Process.Pid, log: log.Name()}
	t.Cleanup(func() {
		p.endHeir(t)
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
	return p
}

// says waits until the plugin has logged something.
func (p *plugin) says(t *testing.T, what string) {
	t.Helper()
	var text []byte
	defer func() {
		if t.Failed() {
			t.Logf("the plugin says:\n%s", text)
		}
	}()
	harness.Eventually(t, "the plugin says "+what, func() bool {
		text, _ = os.ReadFile(p.log)
		return strings.Contains(string(text), what)
	})
}

// The plugin refuses in words what cannot work, clears the way of a restore,
// saves what docker rm removes, and never stands in dockerd's way.
func TestPlugin(t *testing.T) {
	stock := map[string]any{"runtimes": map[string]any{"stock": map[string]any{"runtimeType": harness.Require(t).Path("containerd-shim-runc-v2")}}}
	d := harness.StartDocker(t, harness.DockerOptions{Version: "28", Keys: stock})
	p := startPlugin(t, d)
	stock["authorization-plugins"] = []string{p.name}
	d.Reload(t, stock)
	unserved(t, d, p)

	r := redis().run(t, d, "--restart", "always")
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	o := d.Try(t, "checkpoint", "create", r.name, "cut")
	if o.Code == 0 || !strings.Contains(o.Stderr, "docker update --restart=no "+r.name) || !strings.Contains(o.Stderr, p.name) {
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

	for _, s := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
		if err := unix.Kill(child(t, p.pid), s); err != nil {
			t.Fatal(err)
		}
		d.Docker(t, "ps")
	}
	p.inherited(t)
	d.Docker(t, "ps")
}

// The plugin refuses a volume that was written since, in the shim's words and
// before the shim is there, and heeds the permit, which is still the shim's.
func TestPluginWrittenSince(t *testing.T) {
	harness.Full(t)
	d := harness.StartDocker(t, harness.DockerOptions{Version: "28"})
	p := startPlugin(t, d)
	d.Reload(t, map[string]any{"authorization-plugins": []string{p.name}})

	r := redis().run(t, d, "--label", "lull/pause-budget=1m", "--label", "lull/max-frozen=5m", "--label", "lull/restore-deadline=2m")
	l := underLoad(t, r.published(t))
	l.Wait(t, 10)
	start, end := l.Cut(func() { r.checkpoint(t, "cut", "--leave-running") })
	l.Wait(t, 10)
	d.Docker(t, "kill", r.name)
	r.stopped(t)
	for range 2 { // to refuse changes nothing
		o := d.Try(t, "start", "--checkpoint", "cut", r.name)
		for _, want := range []string{"plugin " + p.name, "[lull:drift] volume " + r.data, "lull allow-rollback " + r.name} {
			if o.Code == 0 || !strings.Contains(o.Stderr, want) {
				t.Fatalf("the volume was written since, %q: %s", want, o)
			}
		}
	}

	d.Lull(t, "allow-rollback", r.name)
	restored := l.Log.Now()
	if o := d.Try(t, "start", "--checkpoint", "cut", r.name); o.Code != 0 {
		t.Fatal(o)
	}
	l.Wait(t, 10)
	l.Check(t, ledger.Continues(start, end, restored))
}

// inherited kills the process that watches; the one that answers takes over.
func (p *plugin) inherited(t *testing.T) {
	t.Helper()
	p.heir = child(t, p.pid)
	if err := unix.Kill(p.pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	child(t, p.heir)
}

func (p *plugin) endHeir(t *testing.T) {
	t.Helper()
	if p.heir == 0 {
		return
	}
	_ = unix.Kill(p.heir, unix.SIGTERM)
	harness.Eventually(t, "the plugin's heir has ended", func() bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.heir))
		return len(line) == 0
	})
}

// unserved runs a database that the stock shim serves, as one does from before
// lull was installed.
func unserved(t *testing.T, d *harness.Docker, p *plugin) {
	t.Helper()
	r := redis().runBare(t, d, "--runtime", "stock")
	p.says(t, r.name+" runs redis without lull's shim")
	o := d.Try(t, "checkpoint", "create", r.name, "cut")
	if o.Code == 0 || !strings.Contains(o.Stderr, "runs redis without lull") || !strings.Contains(o.Stderr, "docker restart "+r.name) {
		t.Errorf("a checkpoint of it: %s", o)
	}
	d.Docker(t, "rm", "--force", "--volumes", r.name)
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
