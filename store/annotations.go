package store

import (
	"strings"

	"github.com/lull-containers/lull/manifest"
)

// CheckpointAnnotations say what a checkpoint is in the words that checkpointctl,
// CRI-O and Podman have agreed on.
func CheckpointAnnotations(c *Checkpoint, m *manifest.Manifest) map[string]string {
	const prefix = "org.criu.checkpoint."
	all := map[string]string{
		prefix + "engine.name":     "containerd",
		prefix + "container.name":  m.Container.ID,
		prefix + "rootfsImageName": c.BaseName(),
		prefix + "rawImageName":    c.BaseName(),
		prefix + "runtime.name":    m.Container.Runtime,
		prefix + "runtime.version": m.Host.Runc,
		prefix + "criu.version":    m.Host.CRIU,
		prefix + "host.arch":       m.Host.Arch,
		prefix + "host.kernel":     m.Host.Kernel,
		prefix + "cgroup.version":  strings.TrimPrefix(m.Host.Cgroup, "v"),
	}
	if base, ok := c.Base(); ok {
		all[prefix+"rootfsImageSha"] = base.Digest.String()
	}
	for key, value := range all {
		if value == "" {
			delete(all, key)
		}
	}
	return all
}
