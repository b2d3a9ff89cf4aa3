package transfer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/v2/core/content"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// runtimeName is what containerd looks up among its shims; anything else it
// may take for a program's path.
var runtimeName = regexp.MustCompile(`^io\.containerd\.[a-z0-9]+\.v[0-9]+$`)

// harmless refuses what would run, read or write on the host itself when the
// container is made: all of it came from whoever made the artifact.
func harmless(ctx context.Context, blobs content.Provider, c *store.Checkpoint, m *manifest.Manifest, mounts mountRules) error {
	for _, name := range []string{c.Index.Annotations[store.AnnotationRuntime], m.Container.Runtime} {
		if name != "" && !runtimeName.MatchString(name) {
			return harm("its runtime is %.80q", name)
		}
	}
	o, err := c.RuncOptions(ctx, blobs)
	if errors.Is(err, store.ErrOptions) {
		err = fmt.Errorf("%w: %w", ErrHarm, err)
	}
	if err != nil {
		return err
	}
	spec, err := c.OCISpec(ctx, blobs)
	if err != nil {
		return err
	}
	return errors.Join(confinedOptions(o), confinedLabels(m.Container.Labels), confinedSpec(spec, mounts))
}

func harm(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrHarm}, args...)...)
}

func confinedOptions(o *options.Options) error {
	if name := o.GetBinaryName(); name != "" && name != "runc" {
		return harm("its runtime is the program %.80q", name)
	}
	for what, value := range map[string]string{"root": o.GetRoot(), "CRIU image path": o.GetCriuImagePath(),
		"CRIU work path": o.GetCriuWorkPath(), "shim cgroup": o.GetShimCgroup(), "task API address": o.GetTaskApiAddress()} {
		if value != "" {
			return harm("its runtime options set a %s, %.80q", what, value)
		}
	}
	return nil
}

// confinedLabels: containerd's restart monitor runs what some labels name.
func confinedLabels(labels map[string]string) error {
	for _, key := range []string{"containerd.io/restart.loguri", "containerd.io/restart.logpath"} {
		if _, ok := labels[key]; ok {
			return harm("it has a label %s", key)
		}
	}
	return nil
}

// confinedSpec asks for what an ordinary container has, and for no more.
func confinedSpec(s *specs.Spec, mounts mountRules) error {
	if s == nil {
		return nil // nothing can be made of it
	}
	if s.Root == nil || s.Process == nil || s.Linux == nil {
		return harm("its OCI spec is not of a Linux container")
	}
	if s.Root.Path != "rootfs" {
		return harm("its root is %.80q", s.Root.Path)
	}
	if s.Hooks != nil { // lull has none
		return harm("its OCI spec has hooks, which are programs of this host")
	}
	for _, m := range s.Mounts {
		if err := mounts.confined(m); err != nil {
			return err
		}
	}
	return errors.Join(confinedNamespaces(s.Linux), confinedDevices(s.Linux), confinedKernel(s.Linux), confinedCapabilities(s.Process.Capabilities))
}

// confinedNamespaces lets the network be the host's, or one by its path: many
// a database has that, and lull gives a path itself.
func confinedNamespaces(l *specs.Linux) error {
	for _, kind := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.MountNamespace, specs.IPCNamespace} {
		if !slices.ContainsFunc(l.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == kind }) {
			return harm("it has the host's %s namespace", kind)
		}
	}
	for _, ns := range l.Namespaces {
		if ns.Path != "" && ns.Type != specs.NetworkNamespace {
			return harm("it joins the %s namespace %.80q", ns.Type, ns.Path)
		}
	}
	return nil
}

// confinedDevices: those that every container has, and the rules for them.
func confinedDevices(l *specs.Linux) error {
	for _, d := range l.Devices {
		if d.Type != "c" || !ordinary(d.Major, d.Minor) {
			return harm("it has the device %.80q", d.Path)
		}
	}
	if l.Resources != nil {
		for _, r := range l.Resources.Devices {
			known := r.Type == "c" && r.Major != nil && (*r.Major == ptys || r.Minor != nil && ordinary(*r.Major, *r.Minor))
			if r.Allow && r.Access != "m" && !known {
				return harm("it may use devices of this host")
			}
		}
	}
	return nil
}

// What every engine keeps from every container of the kernel's files: each has
// more in its lists, and all have these.
var (
	unwritten = strings.Fields("/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger")
	unseen    = strings.Fields("/proc/acpi /proc/kcore /proc/keys /proc/sched_debug /proc/scsi /proc/timer_list /sys/firmware")
)

func confinedKernel(l *specs.Linux) error {
	for _, file := range unwritten {
		if !slices.Contains(l.ReadonlyPaths, file) && !slices.Contains(l.MaskedPaths, file) {
			return harm("it may write to this host's %s", file)
		}
	}
	for _, file := range unseen {
		if !slices.Contains(l.MaskedPaths, file) {
			return harm("it may see this host's %s", file)
		}
	}
	return nil
}

const ptys = 136 // major of the terminals in /dev/pts

// ordinary are null, zero, full, random, urandom; tty, console, ptmx; tun.
func ordinary(major, minor int64) bool {
	return slices.Contains(map[int64][]int64{1: {3, 5, 7, 8, 9}, 5: {0, 1, 2}, 10: {200}}[major], minor)
}

// capabilities are those of an ordinary container, and three that databases
// are given for their threads, memory and limits.
var capabilities = strings.Fields(`CAP_CHOWN CAP_DAC_OVERRIDE CAP_FSETID CAP_FOWNER CAP_MKNOD CAP_NET_RAW CAP_SETGID CAP_SETUID
	CAP_SETFCAP CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_SYS_CHROOT CAP_KILL CAP_AUDIT_WRITE CAP_SYS_NICE CAP_IPC_LOCK CAP_SYS_RESOURCE`)

func confinedCapabilities(c *specs.LinuxCapabilities) error {
	if c == nil {
		return nil
	}
	for _, name := range slices.Concat(c.Bounding, c.Effective, c.Permitted, c.Inheritable, c.Ambient) {
		if !slices.Contains(capabilities, name) {
			return harm("it has the capability %.80s", name)
		}
	}
	return nil
}
