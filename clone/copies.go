package clone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/isolate"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// The ways that captured files are made a clone's own, besides
// isolate.Overlay.
const (
	Shared = "reflink" // sharing blocks with the capture
	Copied = "copy"
)

// Copy is what stands in the clone for one mount of the original's.
type Copy struct {
	isolate.StandIn
	parts []part
}

// part is one capture and its place in the mount; "." is the whole of it.
type part struct {
	capture, at string
	list        string // name of the volume's list in the checkpoint
}

// plan decides what is made of each bind mount. Those that hold captured files
// get the captures; every other one that the container could write to, or that
// anybody could be reached by, gets a stand-in of its own.
func plan(m *manifest.Manifest, mounts []specs.Mount, store, dir string) ([]Copy, error) {
	held, here := map[int][]part{}, capturesOf(store, m.ID)
	for _, v := range m.Volumes {
		if v.Kind != string(volume.Bind) {
			continue // the rw layer is each container's own, a tmpfs is in the image
		}
		i, at, ok := holder(mounts, v.Destination)
		if !ok {
			return nil, fmt.Errorf("%s is on no mount of the container: %w", v.Destination, ErrNoCopy)
		}
		if v.Capture == nil {
			return nil, fmt.Errorf("%s: %w", v.Destination, ErrNoCopy)
		}
		if here[v.Name] == "" {
			return nil, fmt.Errorf("%s: %w on this host", v.Destination, ErrNoCopy)
		}
		held[i] = append(held[i], part{here[v.Name], at, v.Fingerprint.List})
	}
	var all []Copy
	for i, mount := range mounts {
		if held[i] == nil && !isolate.Needed(mount) {
			continue
		}
		all = append(all, Copy{StandIn: isolate.For(mount, i, dir), parts: held[i]})
	}
	return all, nil
}

// capturesOf are the captures that this host has, by name. The places that a
// manifest names are never looked at: it may have come from anywhere.
func capturesOf(store, id string) map[string]string {
	paths := map[string]string{}
	found, err := captures.Store{Dir: store}.Get(id)
	if err != nil {
		return paths
	}
	for _, c := range found.Captures {
		paths[c.Name] = c.Path
	}
	return paths
}

// holder finds the bind mount that a path of the container is on.
func holder(mounts []specs.Mount, dest string) (index int, at string, ok bool) {
	best := -1
	for i, m := range mounts {
		rel, inside := below(m.Destination, dest)
		if inside && len(path.Clean(m.Destination)) >= best {
			best, index, at, ok = len(path.Clean(m.Destination)), i, rel, rawspec.IsBind(m)
		}
	}
	return index, at, ok
}

func below(dir, name string) (rel string, ok bool) {
	dir, name = path.Clean(dir), path.Clean(name)
	if dir == name {
		return ".", true
	}
	rel, ok = strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
	return rel, ok
}

// lay makes the copy. What it makes is below c.Dir.
func (c *Copy) lay(ctx context.Context, closed bool) error {
	if len(c.parts) == 0 {
		return c.Lay(closed)
	}
	if err := os.MkdirAll(c.Dir, 0o711); err != nil {
		return err
	}
	return c.layCaptures(ctx)
}

// layCaptures shares blocks where the file system can, and lays an overlay
// over the capture where it cannot. Captures that are in the mount side by
// side are copied.
func (c *Copy) layCaptures(ctx context.Context) error {
	whole := len(c.parts) == 1 && c.parts[0].at == "."
	c.Source, c.Method = filepath.Join(c.Dir, "data"), Shared
	if !whole {
		if err := c.root(); err != nil {
			return err
		}
	}
	for _, p := range c.parts {
		if _, err := os.Lstat(p.capture); err != nil {
			return fmt.Errorf("%s: %w on this host: %w", c.Destination, ErrNoCopy, err)
		}
		target := filepath.Join(c.Source, p.at)
		err := volume.Replicate(ctx, p.capture, target, false)
		if errors.Is(err, volume.ErrTooLarge) && whole {
			c.Method = isolate.Overlaid
			c.Source, err = isolate.Overlay(p.capture, c.Dir)
			return err
		}
		if errors.Is(err, volume.ErrTooLarge) {
			c.Method, err = Copied, volume.Replicate(ctx, p.capture, target, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// root makes the mount's own folder where captures are below it. The original
// may be gone.
func (c *Copy) root() error {
	if _, err := os.Stat(c.Model); err == nil {
		return isolate.EmptyFolder(c.Source, c.Model)
	}
	return errors.Join(os.MkdirAll(c.Source, 0o755), os.Chmod(c.Source, 0o755))
}
