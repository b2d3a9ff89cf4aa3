package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// startLab starts a daemon for one test and sees that it leaves nothing.
func startLab(t *testing.T, images ...string) *Daemon {
	t.Helper()
	return startLabWith(t, DaemonConfig{}, images...)
}

func startLabWith(t *testing.T, c DaemonConfig, images ...string) *Daemon {
	t.Helper()
	if os.Getenv("LULL_E2E") != "1" {
		t.Skip("NOT RUN: starts real containers; set LULL_E2E=1 (as root, after `make lab`)")
	}
	l, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t%d", os.Getpid()) + strings.ToLower(t.Name()[len("TestLab"):])
	c.Name = name[:min(len(name), 20)]
	d, err := l.StartDaemon(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(tail(d.Log, 30))
		}
		if err := Down(context.Background(), l.Layout, d.Name); err != nil {
			t.Error(err)
		}
		nothingLeft(t, d)
	})
	for _, i := range images {
		if err := d.Import(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func nothingLeft(t *testing.T, d *Daemon) {
	t.Helper()
	o, err := d.lab.owner(d.Name, cgroups{})
	if err != nil {
		t.Fatal(err)
	}
	if left := o.processes(); len(left) > 0 {
		t.Errorf("processes left: %s", describe(left))
	}
	for _, dir := range []string{d.Dir, d.Data, runcRoot + "/" + d.Namespace} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
		if m, _ := mountsUnder(dir); len(m) > 0 {
			t.Errorf("mounts left: %v", m)
		}
	}
	groups, err := findCgroups([]string{"/" + d.Namespace}, nil)
	if err != nil || len(groups.dirs) > 0 {
		t.Errorf("cgroups left: %v %v", groups.dirs, err)
	}
}

func ctr(t *testing.T, d *Daemon, args ...string) string {
	t.Helper()
	out, err := d.Ctr(t.Context(), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ctr %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// query asks over TCP, as an application would, until the server is ready.
func query(t *testing.T, d *Daemon, netns, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for {
		cmd := exec.CommandContext(ctx, "nsenter", "--net="+netns, d.lab.Path("psql"), "-h", "127.0.0.1", "-U", "postgres", "-tAc", sql)
		cmd.Env = d.lab.Env("PGPASSWORD=secret", "PGCONNECT_TIMEOUT=5")
		out, err := cmd.CombinedOutput()
		if err == nil {
			return strings.TrimSpace(string(out))
		}
		if ctx.Err() != nil {
			t.Fatalf("no answer: %v\n%s", err, out)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func runPostgres(t *testing.T, d *Daemon, image, id string) (netns string) {
	t.Helper()
	netns, err := d.NetNS(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	ctr(t, d, "run", "-d", "--with-ns", "network:"+netns, "--env", "POSTGRES_PASSWORD=secret", fullRef(image), id)
	query(t, d, netns, "create table t as select 7 as seven")
	return netns
}

func TestLabCheckpoint13(t *testing.T) { checkpointAndRestore(t, "postgres:13") }
func TestLabCheckpoint17(t *testing.T) { checkpointAndRestore(t, "postgres:17") }

func checkpointAndRestore(t *testing.T, image string) {
	d := startLab(t, image)
	netns := runPostgres(t, d, image, "pg")
	inside := ctr(t, d, "tasks", "exec", "--exec-id", "q", "pg", "psql", "-U", "postgres", "-tAc", "select seven from t")
	if inside != "7" {
		t.Errorf("in the container: %q", inside)
	}
	started := query(t, d, netns, "select pg_postmaster_start_time()")
	ctr(t, d, "containers", "checkpoint", "--task", "--rw", "--image", "pg", "docker.io/library/saved:1")
	ctr(t, d, "tasks", "kill", "--signal", "SIGKILL", "pg")
	waitStopped(t, d, "pg")
	ctr(t, d, "containers", "delete", "pg")
	ctr(t, d, "containers", "restore", "--live", "--rw", "pg", "docker.io/library/saved:1")
	if got := query(t, d, netns, "select seven from t"); got != "7" {
		t.Errorf("restored: %q", got)
	}
	if again := query(t, d, netns, "select pg_postmaster_start_time()"); again != started {
		t.Errorf("the server was started anew: %s, %s", started, again)
	}
}

func waitStopped(t *testing.T, d *Daemon, id string) {
	t.Helper()
	for range 200 {
		if out := ctr(t, d, "tasks", "list"); !strings.Contains(out, "RUNNING") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s runs on", id)
}

// The worst that can be left: a frozen container, one whose shim is dead, and no
// containerd.
func TestLabDownAfterKill(t *testing.T) {
	d := startLab(t, "postgres:13", "busybox:lab")
	runPostgres(t, d, "postgres:13", "pg")
	ctr(t, d, "run", "-d", fullRef("busybox:lab"), "idle", "sleep", "1000")
	ctr(t, d, "tasks", "pause", "pg")
	if err := d.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := d.lab.owner(d.Name, cgroups{})
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, p := range o.processes() {
		if line, _ := os.ReadFile(procFile(p.PID, "cmdline")); strings.Contains(string(line), "shim") {
			killed++
			_ = p.signal(unix.SIGKILL)
		}
	}
	if killed != 2 {
		t.Errorf("killed %d shims, want 2", killed)
	}
}

func TestLabRestart(t *testing.T) {
	d := startLab(t, "busybox:lab")
	ctr(t, d, "run", "-d", fullRef("busybox:lab"), "idle", "sleep", "1000")
	before := ctr(t, d, "tasks", "list")
	for _, end := range []func(context.Context) error{d.Restart, d.Kill, d.Restart} {
		if err := end(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := ctr(t, d, "tasks", "list"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// A shim that stands earlier on PATH takes the stock one's place: that is how
// lull's is installed in a daemon.
func TestLabBinDirs(t *testing.T) {
	dir := t.TempDir()
	stand := "#!/bin/sh\necho \"$@\" >>" + dir + "/used\nexec \"$STOCK\" \"$@\"\n"
	if err := writeFile(filepath.Join(dir, "containerd-shim-runc-v2"), stand, 0o755); err != nil {
		t.Fatal(err)
	}
	stock := ""
	if l, err := Open(); err == nil {
		stock = l.Path("containerd-shim-runc-v2")
	}
	d := startLabWith(t, DaemonConfig{BinDirs: []string{dir}, Env: []string{"STOCK=" + stock}}, "busybox:lab")
	if out := ctr(t, d, "run", "--rm", fullRef("busybox:lab"), "one", "echo", "hello"); out != "hello" {
		t.Errorf("container said %q", out)
	}
	if used, err := os.ReadFile(filepath.Join(dir, "used")); err != nil || !strings.Contains(string(used), "-id one") {
		t.Errorf("the shim in front was not used: %q %v", used, err)
	}
}

// Without a password the image refuses, as the official one does.
func TestLabNoPassword(t *testing.T) {
	d := startLab(t, "postgres:13")
	out, err := d.Ctr(t.Context(), "run", "--rm", fullRef("postgres:13"), "bare").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "POSTGRES_PASSWORD") {
		t.Errorf("%v\n%s", err, out)
	}
}
