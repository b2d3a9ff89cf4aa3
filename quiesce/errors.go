package quiesce

import (
	"errors"
	"fmt"
)

// The classes of failure. Drivers wrap them in a Refusal; test with errors.Is.
var (
	ErrNotReady    = errors.New("the database is not ready")
	ErrAuth        = errors.New("the database refused the credentials")
	ErrPrivilege   = errors.New("a privilege is missing")
	ErrBusy        = errors.New("the database is busy")
	ErrUnsupported = errors.New("the database cannot be checkpointed like this")
	ErrFence       = errors.New("the fence could not be set or did not hold")
	ErrInFlight    = errors.New("write transactions did not end in time")
	ErrAgent       = errors.New("the agent failed")
)

// Refusal is an error with a class and a remedy. It holds no secret.
type Refusal struct {
	Class  error  // one of the classes above
	What   string // what is wrong, one line
	Remedy string // what to do, one line
}

// Error is one line: what is wrong and what to do.
func (r *Refusal) Error() string {
	if r.Remedy == "" {
		return r.What
	}
	return fmt.Sprintf("%s; %s", r.What, r.Remedy)
}

// Unwrap gives the class.
func (r *Refusal) Unwrap() error { return r.Class }
