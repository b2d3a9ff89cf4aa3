package dockerd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// manifestFile marks a checkpoint that is lull's.
const manifestFile = "lull-manifest.json"

// Save keeps a container's checkpoints and its configuration below the folder
// into, where `docker rm` does not reach. Where both lie on one file system the
// files are the same, and take no room. Checkpoints without a manifest are left
// out. It returns the saved container's folder; "" when there was nothing to save.
func Save(c Container, into string) (dir string, err error) {
	names, err := checkpoints(c)
	if err != nil || len(names) == 0 {
		return "", err
	}
	dir = filepath.Join(into, c.ID)
	if err := os.MkdirAll(into, 0o700); err != nil {
		return "", err
	}
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o700)); err != nil {
		return "", err
	}
	for _, name := range []string{ConfigFile, HostFile} {
		if err := copyFile(filepath.Join(c.Dir, name), filepath.Join(part, name)); err != nil {
			return "", errors.Join(err, os.RemoveAll(part))
		}
	}
	for _, name := range names {
		if err := linkFolder(filepath.Join(c.Checkpoints(), name), filepath.Join(part, "checkpoints", name)); err != nil {
			return "", errors.Join(err, os.RemoveAll(part))
		}
	}
	return dir, errors.Join(os.RemoveAll(dir), os.Rename(part, dir))
}

// checkpoints names those with a manifest.
func checkpoints(c Container) ([]string, error) {
	entries, err := os.ReadDir(c.Checkpoints())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(c.Checkpoints(), e.Name(), manifestFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// LinkCheckpoint puts a saved checkpoint into another container's folder.
func LinkCheckpoint(saved Container, name string, to Container) error {
	return linkFolder(filepath.Join(saved.Checkpoints(), name), filepath.Join(to.Checkpoints(), name))
}

// linkFolder gives the files of a flat folder second names, or copies them to
// another file system.
func linkFolder(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		err := os.Link(a, b)
		if errors.Is(err, unix.EXDEV) {
			err = copyFile(a, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}

// Saved finds a saved container by its name, or by its id, that has a
// checkpoint of this name; the newest where several have.
func Saved(in, container, checkpoint string) (Container, error) {
	entries, err := os.ReadDir(in)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Container{}, err
	}
	var best Container
	var newest int64
	for _, e := range entries {
		c, err := Read(filepath.Join(in, e.Name()))
		if err != nil || (c.Name != container && c.ID != container) {
			continue // half saved, or another one
		}
		info, err := os.Stat(filepath.Join(c.Checkpoints(), checkpoint, manifestFile))
		if err == nil && info.ModTime().UnixNano() > newest {
			best, newest = c, info.ModTime().UnixNano()
		}
	}
	if best.ID == "" {
		return best, fmt.Errorf("no saved container %s with a checkpoint %s: %w", container, checkpoint, ErrNone)
	}
	return best, nil
}

// Request is the body of the call that makes the container again: its
// configuration as it is kept, and what only dockerd had added to it, the names
// of anonymous volumes and the networks.
func (c Container) Request() (json.RawMessage, error) {
	var kept struct {
		Config          map[string]any
		NetworkSettings struct{ Networks map[string]map[string]any }
		MountPoints     map[string]struct{ Type, Name, Destination, Mode string }
	}
	var host map[string]any
	for name, into := range map[string]any{ConfigFile: &kept, HostFile: &host} {
		data, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return nil, err
		}
	}
	named := mounted(host)
	binds, _ := host["Binds"].([]any)
	for dst, m := range kept.MountPoints {
		if m.Type == "volume" && m.Name != "" && !slices.Contains(named, dst) {
			binds = append(binds, m.Name+":"+dst)
		}
	}
	host["Binds"] = binds
	kept.Config["HostConfig"] = host
	kept.Config["NetworkingConfig"] = map[string]any{"EndpointsConfig": endpoints(kept.NetworkSettings.Networks, host)}
	return json.Marshal(kept.Config)
}
