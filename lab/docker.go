package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DockerConfig says how a dockerd is started on a daemon's containerd.
type DockerConfig struct {
	Engine string         // docker-26, docker-28, docker-29
	Keys   map[string]any // of dockerd's configuration file, over the lab's own
}

// Docker is a dockerd on a private containerd, whose folders, network and end
// it shares.
type Docker struct {
	Socket string // of its API
	Root   string // data-root
	Log    string

	daemon  *Daemon
	bin     string
	process process
}

// StartDocker starts a dockerd and waits until it answers. The daemon has to
// have a network of its own: dockerd makes bridges and firewall rules.
func (d *Daemon) StartDocker(ctx context.Context, c DockerConfig) (*Docker, error) {
	if d.Network == "" {
		return nil, fmt.Errorf("lab daemon %s shares the machine's network: start it with Network for a dockerd", d.Name)
	}
	engine, err := d.lab.Aside(c.Engine)
	if err != nil {
		return nil, err
	}
	k := &Docker{
		Socket: filepath.Join(d.Dir, "docker.sock"), Root: filepath.Join(d.Data, "docker"),
		Log: filepath.Join(d.Data, "dockerd.log"), daemon: d, bin: engine.Bin(),
	}
	if err := k.configure(c.Keys); err != nil {
		return nil, err
	}
	return k, k.Start(ctx)
}

func (k *Docker) config() string { return filepath.Join(k.daemon.Dir, "docker.json") }

// configure writes a configuration that keeps everything in the daemon's folders.
func (k *Docker) configure(more map[string]any) error {
	d := k.daemon
	keys := map[string]any{
		"experimental": true,
		"hosts":        []string{"unix://" + k.Socket},
		"data-root":    k.Root, "exec-root": filepath.Join(d.Dir, "docker"),
		"pidfile": filepath.Join(d.Dir, "docker.pid"), "containerd": d.Address,
		"containerd-namespace": d.Namespace,
		"cgroup-parent":        "/" + d.Namespace,
		"userland-proxy-path":  filepath.Join(k.bin, "docker-proxy"),
	}
	maps.Copy(keys, more)
	text, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(k.config(), append(text, '\n'), 0o600)
}

// Start starts dockerd again after Stop or Kill.
func (k *Docker) Start(ctx context.Context) error {
	log, err := os.OpenFile(k.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(k.bin, "dockerd"), "--config-file", k.config(),
		"--containerd-plugins-namespace", k.daemon.Namespace+"-plugins") // its key in the file is refused
	cmd.Dir, cmd.Stdout, cmd.Stderr = k.daemon.Data, log, log
	cmd.Env = setEnv(k.daemon.environment(), "PATH="+k.daemon.lab.PATH(append([]string{k.bin}, k.daemon.BinDirs...)...))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := k.daemon.launch(cmd); err != nil {
		return fmt.Errorf("start dockerd: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	if k.process, err = identify(cmd.Process.Pid); err != nil {
		return fmt.Errorf("dockerd ended at once: %w\n%s", err, tail(k.Log, 12))
	}
	return k.wait(ctx, exited)
}

// dockerWithin is long: a dockerd takes seconds on a quiet machine.
const dockerWithin = 3 * time.Minute

func (k *Docker) wait(ctx context.Context, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, dockerWithin)
	defer cancel()
	for {
		if k.CLI(ctx, "version").Run() == nil {
			return nil
		}
		select {
		case err := <-exited:
			return fmt.Errorf("dockerd ended: %w\n%s", errors.Join(err, errEnded), tail(k.Log, 12))
		case <-ctx.Done():
			return fmt.Errorf("dockerd does not answer: %w\n%s", ctx.Err(), tail(k.Log, 12))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var errEnded = errors.New("before it answered")

// CLI is this Docker's command line.
func (k *Docker) CLI(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(k.bin, "docker"), args...)
	cmd.Env = k.daemon.Environ("DOCKER_HOST=unix://"+k.Socket, "DOCKER_CONFIG="+filepath.Join(k.daemon.Dir, "docker-client"))
	return cmd
}

// PID is dockerd's.
func (k *Docker) PID() int { return k.process.PID }

// Kill kills dockerd alone, as a crash would.
func (k *Docker) Kill() error { return k.end(unix.SIGKILL, 10*time.Second) }

// Stop ends dockerd alone, in order: it ends its containers.
func (k *Docker) Stop() error { return k.end(unix.SIGTERM, time.Minute) }

// Reload has dockerd read its configuration again.
func (k *Docker) Reload(keys map[string]any) error {
	if err := k.configure(keys); err != nil {
		return err
	}
	return k.process.signal(unix.SIGHUP)
}

func (k *Docker) end(signal unix.Signal, within time.Duration) error {
	if err := k.process.signal(signal); err != nil {
		return fmt.Errorf("dockerd of daemon %s: %w", k.daemon.Name, err)
	}
	if !k.process.gone(within) {
		return fmt.Errorf("dockerd of daemon %s (pid %d) does not end", k.daemon.Name, k.process.PID)
	}
	return nil
}
