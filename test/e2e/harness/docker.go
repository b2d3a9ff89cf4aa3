package harness

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/lab"
	"github.com/lull-containers/lull/test/ledger"
)

// Docker is a dockerd of the lab on a containerd of its own, both in a network
// of their own.
type Docker struct {
	*Daemon
	Dockerd *lab.Docker
	Version string // 26, 28, 29
}

// DockerOptions are how a dockerd is started.
type DockerOptions struct {
	Options
	Version string         // 26, 28, 29
	Keys    map[string]any // of its configuration file
}

// StartDocker starts a dockerd for one test. Its cleanup ends everything that
// it started, in whatever state.
func StartDocker(t testing.TB, o DockerOptions) *Docker {
	t.Helper()
	o.Network = true
	d := Start(t, o.Options)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	k, err := d.StartDocker(ctx, lab.DockerConfig{Engine: "docker-" + o.Version, Keys: o.Keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			show(t, k.Log, 0)
		}
	})
	return &Docker{Daemon: d, Dockerd: k, Version: o.Version}
}

// Try runs docker and gives how it ended.
func (d *Docker) Try(t testing.TB, args ...string) Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), commandTimeout)
	defer cancel()
	return Run(t, d.Dockerd.CLI(ctx, args...))
}

// Docker runs docker, which has to succeed, and gives its answer.
func (d *Docker) Docker(t testing.TB, args ...string) string {
	t.Helper()
	o := d.Try(t, args...)
	if o.Code != 0 {
		t.Fatal(o)
	}
	return strings.TrimSpace(o.Stdout)
}

// Load gives dockerd an image, once.
func (d *Docker) Load(t testing.TB, image string) {
	t.Helper()
	d.imports.Lock()
	defer d.imports.Unlock()
	if d.imported[image] {
		return
	}
	archive, err := d.Lab.Image(image)
	if err != nil {
		t.Fatal(err)
	}
	d.Docker(t, "load", "--quiet", "--input", archive)
	d.imported[image] = true
}

// RunDocker runs a container in the background: flags of docker run, image,
// arguments of the image's. The test's end removes it and its anonymous volumes.
func (d *Docker) RunDocker(t testing.TB, image string, flags []string, args ...string) *Container {
	t.Helper()
	d.Load(t, image)
	name := Name(t, "c")
	all := append([]string{"run", "--detach", "--name", name}, flags...)
	id := d.Docker(t, append(append(all, image), args...)...)
	t.Cleanup(func() {
		_ = d.Try(t, "unpause", name) // nothing frozen dies
		if o := d.Try(t, "rm", "--force", "--volumes", name); o.Code != 0 && !strings.Contains(o.Stderr, "No such container") {
			t.Error(o)
		}
	})
	return d.Handle(id)
}

// Reload gives dockerd further keys of its configuration, and waits until it
// answers by them.
func (d *Docker) Reload(t testing.TB, keys map[string]any) {
	t.Helper()
	before := d.reloads()
	if err := d.Dockerd.Reload(keys); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "dockerd has read its configuration again", func() bool { return d.reloads() > before })
}

// reloads counts how often dockerd says that it has.
func (d *Docker) reloads() int {
	text, _ := os.ReadFile(d.Dockerd.Log)
	return strings.Count(string(text), "Reloaded configuration")
}

// LullJSON runs lull for dockerd's containers and gives its answer.
func (d *Docker) LullJSON(t testing.TB, args ...string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "lull"), append(args, "--json")...)
	cmd.Env = d.Environ("LULL_CONFIG="+d.LullConfig(), "DOCKER_HOST=unix://"+d.Dockerd.Socket, "TMPDIR="+d.Temp())
	o := Run(t, cmd)
	var answer map[string]any
	if err := json.Unmarshal([]byte(o.Stdout), &answer); err != nil || o.Code != 0 {
		t.Fatalf("%s%v", o, err)
	}
	return answer
}

// Handle is a container of Docker's by its full id.
func (d *Docker) Handle(id string) *Container { return &Container{ID: id, Daemon: d.Daemon} }

// Inspect gives one value of docker inspect, by a Go template.
func (d *Docker) Inspect(t testing.TB, container, template string) string {
	t.Helper()
	return d.Docker(t, "inspect", "--format", template, container)
}

// Published is where a container's port is published, seen from dockerd's own
// network.
func (d *Docker) Published(t testing.TB, container, port string) netip.AddrPort {
	t.Helper()
	var ports map[string][]struct{ HostPort string }
	text := d.Inspect(t, container, "{{json .NetworkSettings.Ports}}")
	if err := json.Unmarshal([]byte(text), &ports); err != nil {
		t.Fatal(err)
	}
	if len(ports[port+"/tcp"]) == 0 {
		t.Fatalf("port %s of %s is not published: %s", port, container, text)
	}
	return netip.MustParseAddrPort("127.0.0.1:" + ports[port+"/tcp"][0].HostPort)
}

// InNetwork runs f in dockerd's own network, which is the host's for its
// containers. It is a ledger.Inside.
func (d *Docker) InNetwork(f func() error) error { return netns.Do(d.Network, f) }

var _ ledger.Inside = (*Docker)(nil).InNetwork

// Children are the processes that a process started and that run.
func Children(of int) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && parent(pid) == of && commandLine(pid) != "" {
			pids = append(pids, pid)
		}
	}
	return pids
}
