// Package intent tells the shim, before a pause, what the pause is for: a
// checkpoint with settings of its own. It is left in the state folder, works
// once, and is void soon.
package intent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
)

// Intent is what the next pause of one container is for.
type Intent struct {
	Mode    string    `json:"mode,omitempty"` // flush, fence, none; empty: the container's own
	Expires time.Time `json:"expires"`
}

// The folders' names are safe: containerd allows no separator in namespaces
// and ids.
func path(stateDir, namespace, id string) string {
	return filepath.Join(stateDir, "intents", namespace, id+".json")
}

// Announce leaves an intent for the next pause of container id.
func Announce(stateDir, namespace, id string, i Intent) error {
	p := path(stateDir, namespace, id)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return durable.WriteFile(p, append(data, '\n'), 0o600)
}

// Take removes and returns the intent; ok is false when there is none or it is
// void. It works once.
func Take(stateDir, namespace, id string, now time.Time) (i Intent, ok bool, err error) {
	p := path(stateDir, namespace, id)
	data, err := os.ReadFile(p)
	if errors.Is(err, fs.ErrNotExist) {
		return i, false, nil
	}
	if err != nil {
		return i, false, err
	}
	if err := os.Remove(p); err != nil {
		return i, false, err
	}
	if err := json.Unmarshal(data, &i); err != nil {
		return Intent{}, false, fmt.Errorf("intent %s: %w", p, err)
	}
	return i, now.Before(i.Expires), nil
}
