package clone

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
)

// The labels of a clone's container.
const (
	LabelOf         = "lull/clone-of"         // reference of the checkpoint's image
	LabelCheckpoint = "lull/clone-checkpoint" // the checkpoint's id
	LabelOnClone    = "lull/on-clone"         // statements to run before clients enter
)

// Phase is how far a clone is.
type Phase string

// The phases. A clone that is being made belongs to the process that holds its
// lock; without one it is rubbish.
const (
	Making    Phase = "making"
	Ready     Phase = "ready"
	Resetting Phase = "resetting" // half reset, if nobody is at it: reset it again
	Removing  Phase = "removing"
	// Unreadable is one whose record is there and cannot be read: nobody
	// touches it unasked.
	Unreadable Phase = "unreadable"
)

// Record is what is kept of one clone.
type Record struct {
	ID         string `json:"id"`
	Namespace  string `json:"namespace"`
	Phase      Phase  `json:"phase"`
	Ref        string `json:"image"`
	Checkpoint string `json:"checkpoint"` // id
	Memory     string `json:"memory"`     // folder with the CRIU images, shared
	Engine     string `json:"engine"`

	Snapshotter string    `json:"snapshotter"` // of its rw layer
	Created     time.Time `json:"created"`
	Order       Order     `json:"order"`
	// Published is where this host also answers for it; none: nowhere.
	Published netip.AddrPort `json:"published,omitzero"`

	Number  int        `json:"number"` // of its cable
	Address netip.Addr `json:"address"`
	Port    uint16     `json:"port,omitempty"` // that the database listens on
	Copies  []Copy     `json:"copies,omitempty"`
	Pool    string     `json:"pool,omitempty"`  // that it was made for
	Taken   bool       `json:"taken,omitempty"` // out of the pool
}

// Order is what was asked for, and is asked for again by a reset.
type Order struct {
	Outbound bool      `json:"outbound,omitempty"` // the network lets it out
	Isolate  bool      `json:"isolate,omitempty"`  // though it has ties to others
	OnClone  string    `json:"on_clone,omitempty"` // statements, a password may be in them
	Remove   bool      `json:"remove,omitempty"`   // when it has ended
	Expires  time.Time `json:"expires,omitzero"`
}

// Ending is the order with the end that another one gives.
func (o Order) Ending(other Order) Order {
	o.Remove, o.Expires = other.Remove, other.Expires
	return o
}

// Timed tells whether a clone ends by itself.
func (o Order) Timed() bool { return o.Remove || !o.Expires.IsZero() }

const recordName = "clone.json"

func readRecord(dir string) (Record, error) {
	var r Record
	data, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(data, &r)
}

// write publishes the record; only root reads it.
func (r Record) write(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, recordName), append(data, '\n'), 0o600)
}

// Owns tells by its labels whether a container of the clone's name is the
// clone's: another one may have the name since.
func (r Record) Owns(labels map[string]string) bool {
	of := labels[LabelCheckpoint]
	return of != "" && (of == r.Checkpoint || r.Checkpoint == "") // which a torn record does not tell
}

// House is where the clones of one containerd namespace are kept.
type House struct {
	Store, State string // folders, as in the configuration
	Namespace    string
	Net          netip.Prefix // for the clones' addresses
}

func (h House) dir() string { return filepath.Join(h.Store, "clones", h.Namespace) }

// Dir is the folder of one clone.
func (h House) Dir(id string) string { return filepath.Join(h.dir(), id) }

// NetNS is where its network namespace stands.
func (h House) NetNS(id string) string {
	return filepath.Join(h.State, "clones", h.Namespace, id)
}

// record is a clone's, or one that says no more than that there is none, as a
// killed process leaves it, or that it cannot be read.
func (h House) record(id string) Record {
	r, err := readRecord(h.Dir(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Record{ID: id, Namespace: h.Namespace, Phase: Making}
	case err != nil:
		return Record{ID: id, Namespace: h.Namespace, Phase: Unreadable}
	}
	return r
}

// List gives all clones, those half made too, by name.
func (h House) List() ([]Record, error) {
	entries, err := os.ReadDir(h.dir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		all = append(all, h.record(e.Name()))
	}
	return all, nil
}

// Read gives one clone's record, without taking hold of it.
func (h House) Read(id string) (Record, error) {
	r, err := readRecord(h.Dir(id))
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	return r, err
}
