package transfer

import (
	"errors"
	"testing"

	"github.com/containerd/containerd/api/types/runc/options"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestConfinedSpec(t *testing.T) {
	one, null, disk := int64(1), int64(3), int64(8)
	rules := mountRules{captured: []string{"/data"}, store: "/var/lib/lull"}
	for name, c := range map[string]struct {
		change  func(*specs.Spec)
		harmful bool
	}{
		"as containerd makes one, in the host's network": {change: func(*specs.Spec) {}},
		"network by path": {change: join(specs.NetworkNamespace, "/run/netns/db")},
		"dev null": {change: func(s *specs.Spec) {
			s.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Access: "rwm"},
				{Allow: true, Type: "c", Major: &one, Minor: &null, Access: "rwm"}, {Allow: true, Type: "b", Access: "m"}}}
		}},

		"no Linux":        {func(s *specs.Spec) { s.Linux = nil }, true},
		"the host's root": {func(s *specs.Spec) { s.Root.Path = "/" }, true},
		"hook": {func(s *specs.Spec) {
			s.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/sh"}}}
		}, true},
		"host's pids":    {without(specs.PIDNamespace), true},
		"host's mounts":  {without(specs.MountNamespace), true},
		"host's ipc":     {without(specs.IPCNamespace), true},
		"pids by path":   {join(specs.PIDNamespace, "/proc/1/ns/pid"), true},
		"mounts by path": {join(specs.MountNamespace, "/proc/1/ns/mnt"), true},
		"users by path":  {join(specs.UserNamespace, "/proc/1/ns/user"), true},
		"device": {func(s *specs.Spec) {
			s.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/sda", Type: "b", Major: 8}}
		}, true},
		"every device": {func(s *specs.Spec) {
			s.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}}}
		}, true},
		"disk's rule": {func(s *specs.Spec) {
			s.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: true, Type: "b", Major: &disk, Access: "rw"}}}
		}, true},
		"sysctls":       {func(s *specs.Spec) { s.Linux.ReadonlyPaths = nil }, true},
		"buses":         {func(s *specs.Spec) { s.Linux.ReadonlyPaths = s.Linux.ReadonlyPaths[1:] }, true},
		"kernel memory": {func(s *specs.Spec) { s.Linux.MaskedPaths = []string{"/proc/acpi"} }, true},
		"second proc":   {mount(specs.Mount{Destination: "/p", Type: "proc"}), true},
		"writable sys":  {mount(specs.Mount{Destination: "/sys", Type: "sysfs"}), true},
		"disk":          {mount(specs.Mount{Destination: "/d", Type: "ext4", Source: "/dev/sda1"}), true},
		"capability":    {func(s *specs.Spec) { s.Process.Capabilities.Ambient = []string{"CAP_SYS_ADMIN"} }, true},
		"bind":          {mount(specs.Mount{Destination: "/b", Type: "bind", Source: "/srv/b", Options: []string{"rbind", "rw"}}), true},
	} {
		s := confined()
		c.change(s)
		if err := confinedSpec(s, rules); errors.Is(err, ErrHarm) != c.harmful || !c.harmful && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := confinedSpec(nil, rules); err != nil {
		t.Error(err)
	}
}

func join(kind specs.LinuxNamespaceType, path string) func(*specs.Spec) {
	return func(s *specs.Spec) {
		without(kind)(s)
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: kind, Path: path})
	}
}

func without(kind specs.LinuxNamespaceType) func(*specs.Spec) {
	return func(s *specs.Spec) {
		var rest []specs.LinuxNamespace
		for _, ns := range s.Linux.Namespaces {
			if ns.Type != kind {
				rest = append(rest, ns)
			}
		}
		s.Linux.Namespaces = rest
	}
}

func mount(m specs.Mount) func(*specs.Spec) {
	return func(s *specs.Spec) { s.Mounts = append(s.Mounts, m) }
}

func TestConfinedRuntime(t *testing.T) {
	for o, harmful := range map[*options.Options]bool{
		nil: false, {SystemdCgroup: true, BinaryName: "runc"}: false,
		{BinaryName: "/tmp/evil"}: true, {Root: "/etc"}: true, {TaskApiAddress: "ttrpc+unix:///x"}: true,
	} {
		if err := confinedOptions(o); errors.Is(err, ErrHarm) != harmful {
			t.Errorf("%v: %v", o, err)
		}
	}
	for name, ok := range map[string]bool{"io.containerd.runc.v2": true, "io.containerd.lull.v2": true,
		"/tmp/evil": false, "io.containerd.runc.v2/../../evil": false, "evil": false, "io.containerd.runc.v2\n": false} {
		if runtimeName.MatchString(name) != ok {
			t.Errorf("%q", name)
		}
	}
	if err := confinedLabels(map[string]string{"containerd.io/restart.loguri": "binary:///bin/sh"}); !errors.Is(err, ErrHarm) {
		t.Error(err)
	}
}
