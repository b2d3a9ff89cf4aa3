package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/netns"
)

// DaemonConfig says how a private containerd is started.
type DaemonConfig struct {
	Name      string   // its folders and namespace are named after it: a-z, 0-9 and -, at most 20
	BinDirs   []string // before the lab's on PATH: how lull's shim takes the stock shim's place
	Env       []string // NAME=VALUE, beside the caller's environment
	Namespace string   // what Ctr works in; "lull-" and the name by default
	Network   bool     // a network of its own, with nothing but lo: for a dockerd
	Engine    string   // part that stands aside and has another containerd; none: the newest
	CRI       *CRI     // what the kubelet speaks to; nil: none
}

// A Daemon is a private containerd. It outlives the process that started it,
// until Stop or Down.
type Daemon struct {
	Name      string   `json:"name"`
	Dir       string   `json:"dir"` // sockets, state, network namespaces, lull's state
	Data      string   `json:"data"`
	Address   string   `json:"address"`
	Root      string   `json:"root"`
	State     string   `json:"state"`
	Log       string   `json:"log"`
	Namespace string   `json:"namespace"`
	BinDirs   []string `json:"bin_dirs,omitempty"`
	Env       []string `json:"env,omitempty"`
	Network   string   `json:"network,omitempty"` // path of its network namespace; none: the machine's
	Engine    string   `json:"engine,omitempty"`  // folder of another containerd's programs
	Version   string   `json:"version"`
	Process   process  `json:"process"`

	lab *Lab
	cri *CRI // only where it was started
}

// daemonVariable marks the daemon's descendants: its shims, runc, CRIU and
// lull's helpers inherit it, and Down finds them by it.
const daemonVariable = "LULL_LAB_DAEMON"

const recordFile = "daemon.json"

// ErrRunning is returned by StartDaemon when a daemon of that name runs.
var ErrRunning = errors.New("is running already")

// StartDaemon starts a private containerd and waits until it answers. What an
// earlier daemon of this name left behind is removed first.
func (l *Lab) StartDaemon(ctx context.Context, c DaemonConfig) (*Daemon, error) {
	d, err := l.newDaemon(c)
	if err != nil {
		return nil, err
	}
	if old, err := l.Daemon(c.Name); err == nil && old.Process.alive() {
		return nil, fmt.Errorf("lab daemon %s %w (pid %d)", c.Name, ErrRunning, old.Process.PID)
	}
	keep := []string{filepath.Base(d.LullConfig())}
	if err := l.sweep(ctx, c.Name, keep...); err != nil {
		return nil, fmt.Errorf("clear what an earlier daemon %s left: %w", c.Name, err)
	}
	for _, dir := range []string{d.Dir, d.Root, d.State, d.Temp(), d.LullDir()} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return nil, err
		}
	}
	if err := overlayable(d.Data); err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.config(), []byte(d.configText()), 0o600); err != nil {
		return nil, err
	}
	if c.Network {
		if d.Network, err = d.NetNS(ctx, "daemon"); err != nil {
			return nil, err
		}
	}
	if err := d.start(ctx); err != nil {
		// The error carries the log's end; half a daemon is of no use.
		return nil, errors.Join(err, l.sweep(context.WithoutCancel(ctx), c.Name, keep...))
	}
	return d, nil
}

func (l *Lab) newDaemon(c DaemonConfig) (*Daemon, error) {
	if !validName(c.Name) {
		return nil, fmt.Errorf("daemon name %q: use a-z, 0-9 and -, at most 20 of them", c.Name)
	}
	dir, data := l.RunDir(c.Name), l.DataDir(c.Name)
	// A shim's socket is the folder, /s/ and 64 hex digits.
	if n := len(dir) + 3 + 64; n > 107 {
		return nil, fmt.Errorf("%s is too long for a socket's folder by %d bytes: set LULL_LAB_RUN to a shorter path", dir, n-107)
	}
	ns := c.Namespace
	if ns == "" {
		ns = "lull-" + c.Name
	}
	engine, version, err := l.containerd(c.Engine)
	if err != nil {
		return nil, err
	}
	return &Daemon{
		Name: c.Name, Dir: dir, Data: data, lab: l, Engine: engine, Version: version,
		Address: filepath.Join(dir, "containerd.sock"),
		State:   filepath.Join(dir, "state"),
		Root:    filepath.Join(data, "root"),
		Log:     filepath.Join(data, "containerd.log"),
		BinDirs: c.BinDirs, Env: c.Env, Namespace: ns, cri: c.CRI,
	}, nil
}

// overlayable refuses a folder that containerd's overlayfs cannot work in, as
// in most containers.
func overlayable(dir string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if s.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return fmt.Errorf("%s lies on an overlayfs, where containers' file systems cannot: set LULL_LAB_DATA to a folder on a disk", dir)
	}
	return nil
}

// Daemon finds a daemon that StartDaemon of any process started.
func (l *Lab) Daemon(name string) (*Daemon, error) {
	d, err := l.Layout.daemon(name)
	if err != nil {
		return nil, err
	}
	d.lab = l
	return d, nil
}

func (l Layout) daemon(name string) (*Daemon, error) {
	text, err := os.ReadFile(filepath.Join(l.RunDir(name), recordFile))
	if err != nil {
		return nil, fmt.Errorf("no lab daemon %s: %w", name, err)
	}
	d := &Daemon{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("record of lab daemon %s: %w", name, err)
	}
	return d, nil
}

func (d *Daemon) config() string { return filepath.Join(d.Dir, "config.toml") }

// Temp is the daemon's TMPDIR.
func (d *Daemon) Temp() string { return filepath.Join(d.Data, "tmp") }

// LullDir is where lull keeps its state for this daemon.
func (d *Daemon) LullDir() string { return filepath.Join(d.Dir, "lull") }

// LullConfig is where the daemon's LULL_CONFIG points when the file is there.
// It may be written before StartDaemon (see Layout.RunDir).
func (d *Daemon) LullConfig() string { return filepath.Join(d.Dir, "lull.toml") }

// Alive says whether containerd itself runs.
func (d *Daemon) Alive() bool { return d.Process.alive() }

// start starts containerd in a session of its own, records it and waits until
// it answers.
func (d *Daemon) start(ctx context.Context) error {
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(d.Program("containerd"), "--config", d.config())
	cmd.Dir = d.Data
	cmd.Env = d.environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := d.launch(cmd); err != nil {
		return fmt.Errorf("start containerd: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if d.Process, err = identify(cmd.Process.Pid); err != nil {
		return fmt.Errorf("containerd ended at once: %w\n%s", err, tail(d.Log, 12))
	}
	if err := d.record(); err != nil {
		return err
	}
	return d.wait(ctx, exited)
}

// launch starts a program in the daemon's network.
func (d *Daemon) launch(cmd *exec.Cmd) error {
	if d.Network == "" {
		return cmd.Start()
	}
	return netns.Do(d.Network, cmd.Start)
}

func (d *Daemon) environment() []string {
	env := []string{
		"PATH=" + d.path(),
		"TMPDIR=" + d.Temp(),
		daemonVariable + "=" + d.Dir,
	}
	env = append(env, d.lullEnv()...)
	base := setEnv(os.Environ(), "NOTIFY_SOCKET=", "CONTAINERD_ADDRESS=", "CONTAINERD_NAMESPACE=")
	return setEnv(base, append(env, d.Env...)...)
}

func (d *Daemon) record() error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(d.Dir, recordFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// readyWithin is long: a machine that builds something else is slow.
const readyWithin = 60 * time.Second

func (d *Daemon) wait(ctx context.Context, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		if d.Ctr(ctx, "version").Run() == nil {
			return nil
		}
		select {
		case err := <-exited:
			return fmt.Errorf("containerd of daemon %s ended: %w\n%s", d.Name, err, tail(d.Log, 12))
		case <-ctx.Done():
			return fmt.Errorf("containerd of daemon %s does not answer: %w\n%s", d.Name, ctx.Err(), tail(d.Log, 12))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Ctr is the lab's ctr, aimed at this daemon and its namespace. A -n among args
// wins.
func (d *Daemon) Ctr(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{"--address", d.Address, "--namespace", d.Namespace}, args...)
	cmd := exec.CommandContext(ctx, d.Program("ctr"), all...)
	cmd.Env = d.lab.Env("TMPDIR="+d.Temp(), quiet)
	return cmd
}

// run runs ctr and puts what it said into the error.
func (d *Daemon) run(ctx context.Context, args ...string) error {
	out, err := d.Ctr(ctx, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
