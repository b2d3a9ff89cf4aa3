package state

import (
	"time"

	"github.com/lull-containers/lull/internal/oneshot"
)

// Permit answers, for one restore of one container, what to do with a volume
// that was written since the checkpoint.
type Permit struct {
	OnDrift string    `json:"on_drift"` // rollback or cold
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

const permits oneshot.Kind = "permits"

// Allow leaves a permit for the next restore into container id.
func Allow(stateDir, namespace, id string, p Permit) error {
	return oneshot.Leave(oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, permits, p, p.Expires)
}

// Look is Take, and leaves the permit where it is.
func Look(stateDir, namespace, id string, now time.Time) (p Permit, ok bool, err error) {
	return oneshot.Peek[Permit](oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, permits, now)
}

// Take removes and returns the permit; ok is false when there is none or it
// has expired.
func Take(stateDir, namespace, id string, now time.Time) (p Permit, ok bool, err error) {
	return oneshot.Take[Permit](oneshot.Container{StateDir: stateDir, Namespace: namespace, ID: id}, permits, now)
}
