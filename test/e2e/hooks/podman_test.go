package hooks

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// Podman, with its own archive: its file has lull's manifest in it.
func TestPodman(t *testing.T) {
	for _, kind := range databases {
		for how, stop := range map[string]bool{"leave running": false, "stop": true} {
			t.Run(strings.ReplaceAll(kind+"/"+how, " ", "-"), func(t *testing.T) {
				harness.FillCell(t, "podman", "5.8", kind, how)
				h := newHost(t)
				s := newServer(t, h, kind, map[string]string{"lull/on-drift": "rollback", "org.criu.config": h.criuConfig})
				run(t, newPodman(t, newMachine(t, h, "podman-5"), s), s).there(t, stop)
				h.nothingHeld(t)
			})
		}
	}
}

// machine is a Debian of its own: a mount namespace on a tree of the lab's, with
// the host's folders at their places.
type machine struct {
	*host
	pid string
}

const machineScript = `set -e
tree=$1; over=$2; shift 2
mkdir -p "$over/upper" "$over/work" "$over/root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$over/upper,workdir=$over/work" "$over/root"
cd "$over/root"
mount -t tmpfs tmpfs run
for dir in /proc /sys /dev "$@"; do mkdir -p ".$dir"; mount --rbind "$dir" ".$dir"; done
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
exec sleep infinity`

func newMachine(t *testing.T, h *host, part string) *machine {
	t.Helper()
	tree, err := h.lab.Aside(part)
	if err != nil {
		t.Fatal(err)
	}
	shared := []string{h.run, h.data, h.bin, h.lab.Cache}
	args := append([]string{"--mount", "--propagation", "private", "sh", "-c", machineScript, "sh",
		filepath.Join(tree.Dir, "root"), filepath.Join(h.data, "machine")}, shared...)
	cmd := h.command(context.Background(), "unshare", args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // its mounts go with it
	m := &machine{host: h, pid: strconv.Itoa(cmd.Process.Pid)}
	harness.Eventually(t, "the machine is up", func() bool {
		name, err := os.ReadFile("/proc/" + m.pid + "/comm")
		return err == nil && strings.TrimSpace(string(name)) == "sleep"
	})
	return m
}

// in is a command that is run on the machine.
func (m *machine) in(args ...string) []string {
	return append([]string{"--target", m.pid, "--mount", "--root", "--wd", "env", "PODMAN_IGNORE_CGROUPSV1_WARNING=1"}, args...)
}

// podman is a container of Podman's.
type podman struct {
	*machine
	server  server
	runtime string   // program
	flags   []string // of podman run
	name    string
	file    string // of the last checkpoint

	mu    sync.Mutex
	known int // pid; guarded by mu
}

func newPodman(t *testing.T, m *machine, s server) *podman {
	t.Helper()
	p := &podman{machine: m, server: s, runtime: m.lab.Path("runc"), name: harness.Name(t, "pc")}
	archive, err := m.lab.Image(s.image)
	if err != nil {
		t.Fatal(err)
	}
	succeeded(t, p.podman(t, "load", "--quiet", "--input", archive))
	return p
}

func (p *podman) args(args ...string) []string {
	global := []string{"podman", "--root", filepath.Join(p.data, "storage"), "--runroot", filepath.Join(p.run, "storage"),
		"--tmpdir", filepath.Join(p.run, "podman"), "--runtime", p.runtime, "--cgroup-manager", "cgroupfs", "--events-backend", "file"}
	return p.in(append(global, args...)...)
}

func (p *podman) podman(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return p.try(t, "nsenter", p.args(args...)...)
}

func (p *podman) start(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { p.cleanUp(t) })
	args := []string{"run", "--detach", "--name", p.name, "--network", "none", "--volume", p.server.volume + ":" + p.server.data}
	args = append(args, p.flags...)
	for k, v := range p.server.labels {
		args = append(args, "--annotation", k+"="+v)
	}
	for _, e := range p.server.env {
		args = append(args, "--env", e)
	}
	succeeded(t, p.podman(t, append(append(args, "localhost/"+p.server.image), p.server.args...)...))
}

func (p *podman) cleanUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, args := range [][]string{{"rm", "--force", "--time", "0", "--all"}, {"rmi", "--force", "--all"}} {
		if out, err := p.command(ctx, "nsenter", p.args(args...)...).CombinedOutput(); err != nil {
			t.Errorf("left behind: podman %v: %v: %s", args, err, out)
		}
	}
	parents, _ := filepath.Glob("/sys/fs/cgroup/*/libpod_parent") // the pattern is right
	for _, dir := range append(parents, "/sys/fs/cgroup/libpod_parent") {
		_ = os.Remove(dir) // fails while others are in it
	}
}

// pid spares a reconnecting client a Podman for each attempt.
func (p *podman) pid(ctx context.Context) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known > 0 && procs.Alive(p.known) {
		return p.known, nil
	}
	out, err := p.command(ctx, "nsenter", p.args("inspect", "--format", "{{json .State}}", p.name)...).Output()
	if err != nil {
		return 0, fmt.Errorf("podman inspect: %w", err)
	}
	var state struct {
		Pid     int
		Running bool
	}
	if err := json.Unmarshal(out, &state); err != nil {
		return 0, err
	}
	if !state.Running {
		return 0, fmt.Errorf("container %s does not run", p.name)
	}
	p.known = state.Pid
	return p.known, nil
}

func (p *podman) checkpoint(t *testing.T, stop bool) harness.Output {
	t.Helper()
	p.file = filepath.Join(p.data, harness.Name(t, "cp")+".tar")
	args := []string{"container", "checkpoint", "--export", p.file}
	if !stop {
		args = append(args, "--leave-running")
	}
	return p.podman(t, append(args, p.name)...)
}

func (p *podman) lose(t *testing.T) {
	t.Helper()
	succeeded(t, p.podman(t, "rm", "--force", "--time", "0", p.name))
}

// restore brings the container back from the archive alone.
func (p *podman) restore(t *testing.T) harness.Output {
	t.Helper()
	if o := p.podman(t, "container", "exists", p.name); o.Code == 0 {
		p.lose(t)
	}
	return p.podman(t, "container", "restore", "--import", p.file)
}
