package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/plugin/docker"
)

type pluginOptions struct {
	socket   string
	patience time.Duration
	worker   bool
	heir     bool // the socket is inherited
}

func dockerPluginCommand(a *app) *cobra.Command {
	var o pluginOptions
	cmd := &cobra.Command{
		Use:   "docker-plugin",
		Short: "Advise dockerd, as its authorization plugin",
		Long: "Advise dockerd, as its authorization plugin: refuse a `docker checkpoint create` that cannot work, with the remedy,\n" +
			"before anything is touched, and a `docker start --checkpoint` on a volume that was written since; clear what is in the\n" +
			"way of one that can; save the checkpoints of a container that is removed. Name it in dockerd's configuration:\n" +
			"\"authorization-plugins\": [\"lull\"]. It never refuses what is not about a database's checkpoint, and whatever happens\n" +
			"to it, dockerd has its answer within --patience.",
		Example: "  lull docker-plugin\n  lull docker-plugin --socket /run/docker/plugins/lull.sock --patience 10s",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.inDocker()
			if o.worker {
				return a.advise(cmd.Context(), o)
			}
			return a.keepAdvising(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.socket, "socket", "/run/docker/plugins/lull.sock", "where dockerd finds the plugin; the file's name is the plugin's")
	f.DurationVar(&o.patience, "patience", 20*time.Second, "how long dockerd waits for one answer at most")
	f.BoolVar(&o.worker, "worker", false, "serve the socket that is inherited")
	must(f.MarkHidden("worker"))
	f.BoolVar(&o.heir, "heir", false, "keep serving the socket that is inherited")
	must(f.MarkHidden("heir"))
	return cmd
}

// dockerNamespace is where dockerd keeps its containers in containerd.
const dockerNamespace = "moby"

// inDocker works in Docker's namespace unless another one was named.
func (a *app) inDocker() {
	if a.namespace == defaultNamespace {
		a.namespace = dockerNamespace
	}
}

// keepAdvising holds the socket and keeps a worker serving it.
func (a *app) keepAdvising(ctx context.Context, o pluginOptions) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	l, err := o.listen(ctx)
	if err != nil {
		return fail(exitOther, "", "listen at %s: %w", o.socket, err)
	}
	defer l.Close() // removes the file too
	file, err := l.File()
	if err != nil {
		return err
	}
	defer file.Close()
	alive, end, err := os.Pipe() // the worker ends with this process
	if err != nil {
		return err
	}
	defer alive.Close()
	defer end.Close()
	fmt.Fprintf(a.errOut, "lull: advising dockerd at %s\n", o.socket)
	s := docker.Supervisor{
		Socket: file, Address: o.socket, Every: 2 * time.Second, Within: 5 * time.Second, Log: a.warn,
		Command: func() *exec.Cmd {
			cmd := exec.Command(self, a.pluginArgs(o, "--worker")...)
			cmd.Stdin, cmd.Stderr = alive, a.errOut
			return cmd
		},
	}
	return s.Run(ctx)
}

// listen takes the place of a socket that nobody answers at.
func listen(ctx context.Context, path string) (*net.UnixListener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "unix", path); err == nil {
		conn.Close()
		return nil, errors.New("a plugin answers there already")
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// pluginArgs are those of another process for the same plugin.
func (a *app) pluginArgs(o pluginOptions, role string) []string {
	return []string{"docker-plugin", role, "--socket", o.socket, "--patience", o.patience.String(),
		"--address", a.address, "--namespace", a.namespace, "--config", a.configPath}
}

// listen makes the socket, or takes the one that is inherited.
func (o pluginOptions) listen(ctx context.Context) (*net.UnixListener, error) {
	if !o.heir {
		return listen(ctx, o.socket)
	}
	socket, err := inheritedListener[*net.UnixListener]("`lull docker-plugin`")
	if err != nil {
		return nil, err
	}
	socket.SetUnlinkOnClose(true)
	return socket, nil
}

// advise serves the inherited socket until the supervisor is gone. One that was
// killed has an heir: without a plugin dockerd refuses every call.
func (a *app) advise(ctx context.Context, o pluginOptions) error {
	file := os.NewFile(docker.ListenFD, "plugin")
	defer file.Close()
	l, err := net.FileListener(file)
	if err != nil {
		return fail(exitUsage, "start `lull docker-plugin` without --worker", "no socket was inherited: %w", err)
	}
	serving, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, a.in)
		cancel()
	}()
	p := docker.Plugin{Advisor: a.advisors(), Patience: o.patience, Log: a.warn}
	if err := p.Serve(serving, l); err != nil || ctx.Err() != nil {
		return err
	}
	return a.inherit(o)
}

// advisors reads the configuration for each answer until it can be read: a worker
// that ended with one that is wrong would keep dockerd waiting.
func (a *app) advisors() func() (docker.Advisor, error) {
	var mu sync.Mutex
	return func() (docker.Advisor, error) {
		mu.Lock()
		defer mu.Unlock()
		cfg, err := a.config()
		return dockerAdvice{a, cfg}, err
	}
}

// inherit makes this process the supervisor; the socket stays open.
func (a *app) inherit(o pluginOptions) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return unix.Exec(self, append([]string{self}, a.pluginArgs(o, "--heir")...), os.Environ())
}
