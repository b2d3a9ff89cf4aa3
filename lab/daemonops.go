package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Import gives the daemon an image, by its full or short reference: from the
// cache, or from its registry with LAB_IMAGES=hub.
func (d *Daemon) Import(ctx context.Context, image string) error {
	for _, i := range images() {
		if i.Ref() == fullRef(image) && i.pulled() {
			return d.pull(ctx, image)
		}
	}
	archive, err := d.lab.Image(image)
	if err != nil {
		return err
	}
	args := []string{"images", "import", "--snapshotter", "overlayfs"}
	return d.run(ctx, append(append(args, d.importFlags()...), archive)...)
}

func (d *Daemon) pull(ctx context.Context, image string) error {
	if err := d.run(ctx, "images", "pull", "--snapshotter", "overlayfs", fullRef(image)); err != nil {
		return fmt.Errorf("LAB_IMAGES=hub: %w\nunset LAB_IMAGES to use the images that the lab builds itself", err)
	}
	return nil
}

// Kill kills containerd alone, as a crash would: its containers run on.
func (d *Daemon) Kill(context.Context) error {
	return d.end(unix.SIGKILL, 10*time.Second)
}

// Restart ends containerd alone and starts it again: its containers run on.
func (d *Daemon) Restart(ctx context.Context) error {
	if err := d.end(unix.SIGTERM, 15*time.Second); err != nil {
		return err
	}
	return d.start(ctx)
}

func (d *Daemon) end(signal unix.Signal, within time.Duration) error {
	if err := d.Process.signal(signal); err != nil {
		return fmt.Errorf("containerd of daemon %s: %w", d.Name, err)
	}
	if !d.Process.gone(within) {
		return fmt.Errorf("containerd of daemon %s (pid %d) does not end", d.Name, d.Process.PID)
	}
	return nil
}

// Stop ends the daemon and everything that it started, and removes its folders.
// It is the same sweep that Down makes, so it works in whatever state the
// daemon is.
func (d *Daemon) Stop(ctx context.Context) error { return d.lab.sweep(ctx, d.Name) }

// NetNS makes a named network namespace with `lo` up, for a container that is
// to be restored in the same one. It is gone after Stop.
func (d *Daemon) NetNS(ctx context.Context, name string) (path string, err error) {
	path = filepath.Join(d.Dir, "netns", name)
	if err := writeFile(path, "", 0o444); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "unshare", "--net="+path, "ip", "link", "set", "lo", "up")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("network namespace %s: %w: %s", path, err, out)
	}
	return path, nil
}

// quiet keeps ctr from repeating on every call that cgroup version 1 is old.
const quiet = "CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=true"

// ClientEnv is what a shell has to set to reach this daemon with ctr and lull.
func (d *Daemon) ClientEnv() []string {
	return append([]string{
		"PATH=" + d.path(),
		"CONTAINERD_ADDRESS=" + d.Address,
		"CONTAINERD_NAMESPACE=" + d.Namespace,
		quiet,
	}, d.lullEnv()...)
}

// lullEnv points lull to its configuration, where there is one.
func (d *Daemon) lullEnv() []string {
	if _, err := os.Stat(d.LullConfig()); err != nil {
		return nil
	}
	return []string{"LULL_CONFIG=" + d.LullConfig()}
}

// Environ is the caller's environment with ClientEnv and extra NAME=VALUE pairs.
func (d *Daemon) Environ(extra ...string) []string {
	return setEnv(os.Environ(), append(d.ClientEnv(), extra...)...)
}
