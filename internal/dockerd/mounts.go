package dockerd

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mountPoint is what dockerd keeps of a mount.
type mountPoint struct {
	Type, Source, Name, Driver string
	Spec                       struct{ VolumeOptions struct{ Subpath string } }
}

// Folder is the host's folder behind a folder of the container, symlinks of the
// container not followed; empty where none of dockerd's own mounts has it, or
// only a running container shows where it is.
func (c Container) Folder(inside string) string {
	inside = path.Clean(inside)
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(c.mounts))) {
		rest, below := strings.CutPrefix(inside, strings.TrimSuffix(path.Clean(at), "/"))
		if !below || rest != "" && rest[0] != '/' {
			continue
		}
		return resolved(c.source(c.mounts[at]), rest)
	}
	return ""
}

// resolved is a folder below source; empty where there is no source.
func resolved(source, below string) string {
	if source == "" {
		return ""
	}
	dir, err := filepath.EvalSymlinks(source)
	if err != nil {
		return ""
	}
	return filepath.Join(dir, below)
}

// source of a mount. Of a volume that is made by dockerd for the container it
// keeps the name only.
func (c Container) source(m mountPoint) string {
	switch {
	case m.Spec.VolumeOptions.Subpath != "":
		return ""
	case m.Type == "bind", m.Type == "volume" && m.Source != "":
		return m.Source
	case m.Type == "volume" && m.Driver == "local" && m.Name != "":
		return filepath.Join(filepath.Dir(filepath.Dir(c.Dir)), "volumes", m.Name, "_data")
	}
	return ""
}
