// Package intent tells the shim, before a pause, what the pause is for: a
// checkpoint with settings of its own. It works once, and is void soon.
package intent

import (
	"time"

	"github.com/lull-containers/lull/internal/oneshot"
)

// Intent is what the next pause of one container is for.
type Intent struct {
	Mode   string        `json:"mode,omitempty"`   // flush, fence, none; empty: the container's own
	Budget time.Duration `json:"budget,omitempty"` // of the pause; 0: the container's own
	// KeepPaused says, after the pause, that it is somebody else's and outlives
	// the checkpoint: the watchdog stays away.
	KeepPaused bool `json:"keep_paused,omitempty"`
	// Precopy says that the pause is for a checkpoint, and may take the time to
	// copy the volumes while the database runs.
	Precopy bool `json:"precopy,omitempty"`
	// Leash is the file of a Leash, whose end means that nobody wants the pause
	// any more; empty: there is none. A pause on a leash has a watchdog.
	Leash string `json:"leash,omitempty"`
	// Resume says, before the dump, that the pause of this leash may end when
	// the memory is dumped: the client has taken all that it takes besides.
	Resume  bool      `json:"resume,omitempty"`
	Expires time.Time `json:"expires"`
}

const intents oneshot.Kind = "intents"

// Announce leaves an intent for the next pause of container id.
func Announce(stateDir, namespace, id string, i Intent) error {
	return oneshot.Leave(oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, intents, i, i.Expires)
}

// Take removes and returns the intent; ok is false when there is none or it is
// void.
func Take(stateDir, namespace, id string, now time.Time) (i Intent, ok bool, err error) {
	return oneshot.Take[Intent](oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, intents, now)
}

// Peek is Take, and leaves the intent where it is.
func Peek(stateDir, namespace, id string, now time.Time) (i Intent, ok bool, err error) {
	return oneshot.Peek[Intent](oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, intents, now)
}
