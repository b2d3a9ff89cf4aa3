package state

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

// Permit answers, for one restore of one container, what to do with a volume
// that was written since the checkpoint.
type Permit struct {
	OnDrift string    `json:"on_drift"` // rollback or cold
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

func permitPath(stateDir, namespace, id string) string {
	return filepath.Join(stateDir, "permits", namespace, id+".json")
}

// Allow leaves a permit for the next restore into container id.
func Allow(stateDir, namespace, id string, p Permit) error {
	path := permitPath(stateDir, namespace, id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'), 0o600)
}

// Take removes and returns the permit; ok is false when there is none or it
// has expired. It works once.
func Take(stateDir, namespace, id string, now time.Time) (p Permit, ok bool, err error) {
	path := permitPath(stateDir, namespace, id)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	if err := os.Remove(path); err != nil {
		return p, false, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, false, fmt.Errorf("permit %s: %w", path, err)
	}
	return p, now.Before(p.Expires), nil
}
