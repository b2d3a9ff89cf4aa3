// Package state is what the shim tells other processes about a container: a
// folder per container below the state folder, gone at reboot.
package state

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/manifest"
)

// Phase is where a container stands in the sequences.
type Phase string

// The phases. Open is the normal one.
const (
	Open       Phase = "open"
	Copying    Phase = "copying" // its volumes are copied for a checkpoint; it runs
	Quiescing  Phase = "quiescing"
	Frozen     Phase = "frozen"
	Dumping    Phase = "dumping"
	Restoring  Phase = "restoring"
	Verifying  Phase = "verifying" // runs, closed to all but the agent
	Refused    Phase = "refused"   // a restore that could not keep its promise
	Checkpoint Phase = "checkpointed"
)

// Record is the state of one container.
type Record struct {
	ID         string    `json:"id"`
	Namespace  string    `json:"namespace"`
	Engine     string    `json:"engine"`
	DetectedBy string    `json:"detected_by"`
	Version    string    `json:"version,omitempty"` // of the server, once an agent has asked
	Phase      Phase     `json:"phase"`
	Since      time.Time `json:"since"` // of the phase
	Pid        int       `json:"pid,omitempty"`
	ShimPid    int       `json:"shim_pid"`
	NetNS      string    `json:"netns,omitempty"`  // path; empty: the host's
	Cgroup     string    `json:"cgroup,omitempty"` // file that freezes and thaws
	Bundle     string    `json:"bundle"`
	Warnings   []string  `json:"warnings,omitempty"`
	Checkpoint string    `json:"checkpoint,omitempty"` // id of the last one
	Level      string    `json:"level,omitempty"`      // that it reached
	Error      string    `json:"error,omitempty"`      // of the last sequence, one line

	Checked []string        `json:"checked,omitempty"` // facts that the last restore compared
	Steps   []manifest.Step `json:"steps,omitempty"`   // of the last restore
}

// Leases is the folder of the data folders' leases.
func Leases(stateDir string) string { return filepath.Join(stateDir, "leases") }

// Dir is the folder of one container. Its name is safe: containerd allows no
// separator in namespaces and ids.
func Dir(stateDir, namespace, id string) string {
	return filepath.Join(stateDir, "containers", namespace, id)
}

// Remove removes a container's folder.
func Remove(dir string) error { return os.RemoveAll(dir) }

// NetNS is where a network namespace of lull's making stands.
func NetNS(dir string) string { return filepath.Join(dir, "net") }

const recordName = "state.json"

// Write publishes the record in dir.
func Write(dir string, r Record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, recordName), append(data, '\n'), 0o600)
}

// Read returns the record in dir; errors.Is fs.ErrNotExist when there is none.
func Read(dir string) (Record, error) {
	var r Record
	data, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}

// List returns every container's record below stateDir.
func List(stateDir string) ([]Record, error) {
	paths, err := filepath.Glob(filepath.Join(stateDir, "containers", "*", "*", recordName))
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, p := range paths {
		r, err := Read(filepath.Dir(p))
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
