package isolate

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
)

// Mark says that a container is kept apart. It is in the store: it outlives
// the task, the shim and a reboot.
type Mark struct {
	Checkpoint string    `json:"checkpoint"` // id, of what was restored
	Since      time.Time `json:"since"`
	Created    time.Time `json:"created,omitzero"` // of the container, where its engine keeps one
	Data       []string  `json:"data"`             // folders of the database, which it keeps
	Mounts     []StandIn `json:"mounts,omitempty"`
	Walled     Walled    `json:"walled,omitzero"` // network namespace of others
}

// Of tells whether the mark is of a container that was created then. An unknown
// time fits.
func (m Mark) Of(created time.Time) bool {
	return m.Created.IsZero() || created.IsZero() || m.Created.Equal(created)
}

// Place is where a container's mark and stand-ins are.
type Place struct{ Store, Namespace, ID string }

// Dir is the folder.
func (p Place) Dir() string { return filepath.Join(p.Store, "isolated", p.Namespace, p.ID) }

func (p Place) path() string { return filepath.Join(p.Dir(), "mark.json") }

// Read gives the mark; ok is false when the container is not kept apart. A
// mark that cannot be read is an error: the container must not start.
func (p Place) Read() (m Mark, ok bool, err error) {
	data, err := os.ReadFile(p.path())
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	return m, err == nil, err
}

// Write leaves the mark.
func (p Place) Write(m Mark) error {
	if err := os.MkdirAll(p.Dir(), 0o711); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return durable.WriteFile(p.path(), append(data, '\n'), 0o600)
}

// Remove takes mark and stand-ins away. The container does not run.
func (p Place) Remove() error {
	entries, err := os.ReadDir(p.Dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := Unlay(filepath.Join(p.Dir(), e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(p.Dir())
}
