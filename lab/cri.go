package lab

import (
	"fmt"
	"slices"
	"strings"
)

// CRI is a daemon's part that the kubelet speaks to.
type CRI struct {
	Sandbox     string   // image of the container that holds a pod
	Shim        string   // path of the shim (runtime_path); empty: found on PATH
	Annotations []string // that pods and containers hand on to the shim, such as lull/*
	CNIConfig   string   // folder
	CNIPlugins  string   // folder
}

// criPlugins are left out of every other daemon.
var criPlugins = []string{
	"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
	"io.containerd.podsandbox.controller.v1.podsandbox",
}

func (c *CRI) needs(plugin string) bool { return slices.Contains(criPlugins, plugin) }

// sections are the configuration of containerd 2.1 and newer.
func (c *CRI) sections() string {
	const runtime = "[plugins.'io.containerd.cri.v1.runtime'"
	return fmt.Sprintf("[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = %q\n", c.Sandbox) +
		runtime + "]\n  disable_apparmor = true\n  restrict_oom_score_adj = true\n  enable_unprivileged_ports = false\n  enable_unprivileged_icmp = false\n  enable_cdi = false\n" +
		runtime + ".cni]\n  use_internal_loopback = true\n" + fmt.Sprintf("  bin_dirs = [%q]\n  conf_dir = %q\n", c.CNIPlugins, c.CNIConfig) +
		runtime + ".containerd]\n  default_runtime_name = 'runc'\n" +
		runtime + ".containerd.runtimes.runc]\n  runtime_type = 'io.containerd.runc.v2'\n" +
		fmt.Sprintf("  runtime_path = %q\n", c.Shim) +
		fmt.Sprintf("  pod_annotations = [%s]\n  container_annotations = [%s]\n", quoted(c.Annotations), quoted(c.Annotations)) +
		runtime + ".containerd.runtimes.runc.options]\n  SystemdCgroup = false\n"
}

func quoted(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(all, ", ")
}
