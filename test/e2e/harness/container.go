package harness

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// ContainerOptions are how a container is run.
type ContainerOptions struct {
	Image       string   // short or full reference of one of the lab's
	Args        []string // after the image's entrypoint; none: the image's own
	ID          string   // none: a name of its own
	Runtime     string   // none: io.containerd.runc.v2
	NetNS       string   // path of a network namespace; none: the runtime's choice
	Labels      map[string]string
	Annotations map[string]string
	Env         map[string]string
	Mounts      map[string]string // bind mounts: destination → source
	Flags       []string          // further ones of ctr run
}

// Container is a container by its id. It stays the same handle when the
// container is removed and restored.
type Container struct {
	ID     string
	Daemon *Daemon
	Log    string // file with the container's output
	pids   pidCache
}

// Container gives a handle on a container that the test makes otherwise, by a
// restore for example, and removes it at the end.
func (d *Daemon) Container(t testing.TB, id string) *Container {
	t.Helper()
	c := &Container{ID: id, Daemon: d, Log: filepath.Join(d.Data, "log-"+id)}
	t.Cleanup(func() { c.cleanUp(t) })
	c.logsOnFailure(t)
	return c
}

// Run runs a container in the background.
func (d *Daemon) Run(t testing.TB, o ContainerOptions) *Container {
	t.Helper()
	d.Need(t, o.Image)
	if o.ID == "" {
		o.ID = Name(t, "c")
	}
	c := d.Container(t, o.ID)
	args := append([]string{"run", "--detach", "--log-uri", "file://" + c.Log}, o.flags()...)
	args = append(args, fullRef(o.Image), o.ID)
	d.Ctr(t, append(args, o.Args...)...)
	return c
}

// Need gives the daemon an image, once.
func (d *Daemon) Need(t testing.TB, image string) {
	t.Helper()
	d.imports.Lock()
	defer d.imports.Unlock()
	if d.imported[image] {
		return
	}
	if err := d.Import(t.Context(), image); err != nil {
		t.Fatal(err)
	}
	d.imported[image] = true
}

func fullRef(image string) string {
	if strings.Contains(image, "/") {
		return image
	}
	return "docker.io/library/" + image
}

func (o ContainerOptions) flags() []string {
	args := slices.Clone(o.Flags)
	if o.Runtime != "" {
		args = append(args, "--runtime", o.Runtime)
	}
	if o.NetNS != "" {
		args = append(args, "--with-ns", "network:"+o.NetNS)
	}
	args = append(args, pairs("--label", o.Labels)...)
	args = append(args, pairs("--annotation", o.Annotations)...)
	args = append(args, pairs("--env", o.Env)...)
	for _, dst := range slices.Sorted(maps.Keys(o.Mounts)) {
		args = append(args, "--mount", fmt.Sprintf("type=bind,src=%s,dst=%s,options=rbind:rw", o.Mounts[dst], dst))
	}
	return args
}

func pairs(flag string, values map[string]string) (args []string) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		args = append(args, flag, k+"="+values[k])
	}
	return args
}

// Kill sends SIGKILL and waits until the task is stopped or gone.
func (c *Container) Kill(t testing.TB) {
	t.Helper()
	c.Daemon.Ctr(t, "tasks", "kill", "--signal", "SIGKILL", c.ID)
	c.WaitStatus(t, Stopped, NoTask)
}

// Remove removes the container, running or not, and its rw layer.
func (c *Container) Remove(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := c.remove(ctx); err != nil {
		t.Fatal(err)
	}
}

// remove works on any container that ctr can still reach: it is thawed first,
// because nothing frozen dies.
func (c *Container) remove(ctx context.Context) error {
	status, err := c.status(ctx)
	if err != nil {
		return err
	}
	if status == Paused {
		_ = c.ctr(ctx, "tasks", "resume", c.ID) // the next step tells when it failed
	}
	if status != NoTask {
		if err := c.ctr(ctx, "tasks", "delete", "--force", c.ID); err != nil {
			return err
		}
	}
	return c.ctr(ctx, "containers", "delete", c.ID)
}

func (c *Container) ctr(ctx context.Context, args ...string) error {
	out, err := c.Daemon.Daemon.Ctr(ctx, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// cleanUp removes what is left of the container at a test's end. A daemon that
// is gone takes its containers with it.
func (c *Container) cleanUp(t testing.TB) {
	if !c.Daemon.Alive() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	exists, err := c.exists(ctx)
	if err == nil && exists {
		err = c.remove(ctx)
	}
	if err != nil {
		t.Errorf("left behind: container %s: %v", c.ID, err)
	}
	_ = os.Remove(c.Log) // it goes with the daemon's folder in any case
}
