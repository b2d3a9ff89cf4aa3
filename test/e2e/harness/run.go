package harness

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// Run runs a container in the background.
func (d *Daemon) Run(t testing.TB, o ContainerOptions) *Container {
	t.Helper()
	d.Need(t, o.Image)
	if o.ID == "" {
		o.ID = Name(t, "c")
	}
	c := d.Container(t, o.ID)
	args := []string{"run", "--detach", "--log-uri", "file://" + c.Log, "--env-file", o.envFile(t)}
	args = append(append(args, o.flags()...), fullRef(o.Image), o.ID)
	d.Ctr(t, append(args, o.Args...)...)
	return c
}

// Foreground runs a container with these arguments to its end, removes it, and
// gives how it ended.
func (d *Daemon) Foreground(t testing.TB, o ContainerOptions, args ...string) Output {
	t.Helper()
	d.Need(t, o.Image)
	all := append([]string{"run", "--rm"}, o.flags()...)
	return d.TryCtr(t, append(append(all, fullRef(o.Image), Name(t, "c")), args...)...)
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
	for _, dst := range slices.Sorted(maps.Keys(o.Mounts)) {
		args = append(args, "--mount", fmt.Sprintf("type=bind,src=%s,dst=%s,options=rbind:rw", o.Mounts[dst], dst))
	}
	return args
}

// envFile keeps the variables, passwords among them, out of ctr's arguments.
func (o ContainerOptions) envFile(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(o.Env)) {
		fmt.Fprintf(&b, "%s=%s\n", k, o.Env[k])
	}
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pairs(flag string, values map[string]string) (args []string) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		args = append(args, flag, k+"="+values[k])
	}
	return args
}
