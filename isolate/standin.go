package isolate

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rawspec"
)

// How a mount is stood in for.
const (
	Overlaid = "overlay" // over what is there, which is never written
	Copied   = "copy"
	Empty    = "empty"
)

// StandIn takes the place of one bind mount.
type StandIn struct {
	Destination string `json:"destination"` // of the mount, in the container
	Method      string `json:"method"`
	Source      string `json:"source"` // folder or file that is mounted instead
	Dir         string `json:"dir"`    // with all that belongs to it
	Model       string `json:"model"`  // what is mounted otherwise
}

// For is the stand-in of a container's mount number i, below dir.
func For(m specs.Mount, i int, dir string) StandIn {
	return StandIn{Destination: m.Destination, Model: m.Source, Dir: filepath.Join(dir, "m"+strconv.Itoa(i))}
}

// Needed is true of every bind mount but a regular file that is read-only.
// A folder may be: what is mounted in it is writable all the same with an
// ordinary recursive bind, and a socket in it can be written to.
func Needed(m specs.Mount) bool {
	if !rawspec.IsBind(m) {
		return false
	}
	at, err := os.Stat(m.Source)
	return err != nil || !at.Mode().IsRegular() || !readOnly(m)
}

func readOnly(m specs.Mount) bool {
	ro := false
	for _, o := range m.Options {
		switch o {
		case "ro", "rro":
			ro = true
		case "rw":
			ro = false
		}
	}
	return ro
}

// Lay makes it. Closed, nothing of a folder is seen either: an archive, for
// example, may also be read from.
func (s *StandIn) Lay(closed bool) error {
	at, err := os.Stat(s.Model)
	if err != nil {
		return fmt.Errorf("mount %s: %w", s.Destination, err)
	}
	if err := os.MkdirAll(s.Dir, 0o711); err != nil {
		return err
	}
	s.Source, s.Method = filepath.Join(s.Dir, "data"), Empty
	switch {
	case at.Mode().IsRegular():
		s.Method = Copied
		return copyFile(s.Model, s.Source, at)
	case !at.IsDir():
		return emptyFile(s.Source, at)
	case closed:
		return EmptyFolder(s.Source, s.Model)
	}
	s.Method = Overlaid
	s.Source, err = Overlay(s.Model, s.Dir)
	return err
}

// SetSources puts stand-ins into an OCI spec, as bare JSON.
func SetSources(spec map[string]any, all []StandIn) error {
	for _, s := range all {
		if err := s.setSource(spec); err != nil {
			return err
		}
	}
	return nil
}

func (s StandIn) setSource(spec map[string]any) error {
	list, _ := spec["mounts"].([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		if m["destination"] == s.Destination && m["source"] == s.Model {
			m["source"] = s.Source
			return nil
		}
	}
	return fmt.Errorf("OCI spec: no mount at %s", s.Destination)
}
