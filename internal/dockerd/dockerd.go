// Package dockerd reads what Docker's daemon keeps of its containers on disk.
// It cannot be asked: while it starts or pauses a container it holds the lock
// that its answer would wait for.
package dockerd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Container is what dockerd keeps of one container.
type Container struct {
	Dir           string // its folder
	ID            string
	Name          string // without the slash in front
	Image         string // reference, as the user gave it
	Labels        map[string]string
	Runtime       string // as the user or dockerd's configuration named it; empty: runc
	RestartPolicy string // no, always, unless-stopped, on-failure; empty: no
	AutoRemove    bool   // docker run --rm
	Running       bool   // when dockerd wrote it last; paused is running
	Annotations   map[string]string

	mounts map[string]mountPoint // by destination
}

// Restarts tells whether dockerd starts the container again when it ends,
// whatever ended it.
func (c Container) Restarts() bool { return c.RestartPolicy != "" && c.RestartPolicy != "no" }

// Undoes tells how dockerd would undo a checkpoint that stops the container, and
// what to do about it: it would start the container again, cold and on the volume
// that the checkpoint needs as it is, or remove it, checkpoint included. Both are
// empty where it does neither.
func (c Container) Undoes() (what, remedy string) {
	switch {
	case c.AutoRemove:
		return "docker run --rm: dockerd would remove the container, its checkpoints and its anonymous volumes right after this checkpoint stops it",
			"use --leave-running, or a container without --rm"
	case c.Restarts():
		return "restart policy " + c.RestartPolicy + ": dockerd would start the database again, cold, right after this checkpoint stops it",
			"use --leave-running, or first: docker update --restart=no " + c.Name
	}
	return "", ""
}

// Checkpoints is the folder of its checkpoints, each a folder of its own.
func (c Container) Checkpoints() string { return filepath.Join(c.Dir, "checkpoints") }

// The files of a container's folder.
const (
	ConfigFile = "config.v2.json"
	HostFile   = "hostconfig.json"
)

// Find gives dockerd's folder of the container id; false when its spec shows no
// Docker. The folder shows in the sources of the files that Docker mounts. With
// --network container:X these are X's, so only their parent counts.
func Find(mounts []specs.Mount, id string) (dir string, ok bool) {
	files := []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
	for _, m := range mounts {
		root := filepath.Dir(filepath.Dir(m.Source))
		if slices.Contains(files, m.Destination) && filepath.Base(root) == "containers" {
			return filepath.Join(root, id), true
		}
	}
	return "", false
}

// ErrNone says that dockerd keeps no such container.
var ErrNone = errors.New("dockerd keeps no such container")

// Of reads what dockerd keeps of the container with these mounts; ErrNone when
// it is none of Docker's.
func Of(mounts []specs.Mount, id string) (Container, error) {
	dir, ok := Find(mounts, id)
	if !ok {
		return Container{}, ErrNone
	}
	return Read(dir)
}

// Read reads the folder of one container; ErrNone when it is not there.
func Read(dir string) (Container, error) {
	var config struct {
		ID, Name string
		State    struct{ Running bool }
		Config   struct {
			Image  string
			Labels map[string]string
		}
		MountPoints map[string]mountPoint
	}
	var host struct {
		Runtime       string
		RestartPolicy struct{ Name string }
		AutoRemove    bool
		Annotations   map[string]string
	}
	for name, into := range map[string]any{ConfigFile: &config, HostFile: &host} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return Container{}, fmt.Errorf("%s: %w", dir, ErrNone)
		}
		if err != nil {
			return Container{}, err
		}
		if err := json.Unmarshal(data, into); err != nil {
			return Container{}, fmt.Errorf("%s: %w", filepath.Join(dir, name), err)
		}
	}
	if config.ID != filepath.Base(dir) {
		return Container{}, fmt.Errorf("%s is of container %q: %w", dir, config.ID, ErrNone)
	}
	return Container{
		Dir: dir, ID: config.ID, Name: trimSlash(config.Name), Image: config.Config.Image,
		Labels: config.Config.Labels, Runtime: host.Runtime, RestartPolicy: host.RestartPolicy.Name, AutoRemove: host.AutoRemove, Running: config.State.Running,
		Annotations: host.Annotations, mounts: config.MountPoints,
	}, nil
}

func trimSlash(name string) string {
	if name != "" && name[0] == '/' {
		return name[1:]
	}
	return name
}
