package dockerd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

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
