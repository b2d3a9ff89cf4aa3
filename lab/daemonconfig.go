package lab

import (
	"fmt"
	"strings"
)

// disabledPlugins are the parts of containerd that the lab does not use, and
// those that would reach outside its folders (NRI's socket, /opt).
var disabledPlugins = []string{
	"io.containerd.cri.v1.images",
	"io.containerd.cri.v1.runtime",
	"io.containerd.differ.v1.erofs",
	"io.containerd.grpc.v1.cri",
	"io.containerd.image-verifier.v1.bindir",
	"io.containerd.internal.v1.opt",
	"io.containerd.internal.v1.tracing",
	"io.containerd.monitor.container.v1.restart",
	"io.containerd.mount-handler.v1.erofs",
	"io.containerd.nri.v1.nri",
	"io.containerd.podsandbox.controller.v1.podsandbox",
	"io.containerd.snapshotter.v1.blockfile",
	"io.containerd.snapshotter.v1.btrfs",
	"io.containerd.snapshotter.v1.devmapper",
	"io.containerd.snapshotter.v1.erofs",
	"io.containerd.snapshotter.v1.zfs",
	"io.containerd.tracing.processor.v1.otlp",
}

// configText is the config.toml of a private containerd: everything that it
// writes lies in the daemon's folders, and no file of the machine's containerd
// is read (imports).
func (d *Daemon) configText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version = %d\nroot = %q\nstate = %q\ntemp = %q\nimports = []\n", d.format(), d.Root, d.State, d.Temp())
	fmt.Fprintf(&b, "disabled_plugins = [\n")
	for _, p := range disabledPlugins {
		if d.cri == nil || !d.cri.needs(p) {
			fmt.Fprintf(&b, "  %q,\n", p)
		}
	}
	fmt.Fprintf(&b, "]\n\n")
	b.WriteString(d.sections())
	if d.cri != nil {
		b.WriteString(d.cri.sections())
	}
	return b.String()
}
