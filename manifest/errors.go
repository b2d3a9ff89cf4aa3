package manifest

import (
	"errors"
	"fmt"
)

// The classes of refusal, to be told apart with errors.Is. The error itself
// is a *Refusal, which has the file, the reason and the remedy.
var (
	ErrMissing  = errors.New("the checkpoint has no consistency manifest")
	ErrPending  = errors.New("the checkpoint was never finished")
	ErrPoisoned = errors.New("the checkpoint is unusable")
	ErrAltered  = errors.New("the checkpoint was altered")
	ErrSchema   = errors.New("the consistency manifest cannot be understood")
	ErrOccupied = errors.New("the folder holds another checkpoint")
)

// Refusal says why a checkpoint folder is not to be used, and what to do.
type Refusal struct {
	Class  error  // one of the classes above
	File   string // name of the file that is at fault, in the folder
	Why    string // what is wrong with it, one line
	Remedy string // what to do, one line
}

// Error is one line: class, file, reason, remedy.
func (r *Refusal) Error() string {
	line := r.Class.Error()
	if r.File != "" {
		line += fmt.Sprintf(": %q", r.File)
	}
	if r.Why != "" {
		line += ": " + r.Why
	}
	if r.Remedy != "" {
		line += "; " + r.Remedy
	}
	return line
}

// Unwrap gives the class.
func (r *Refusal) Unwrap() error { return r.Class }

func missing() error {
	return &Refusal{Class: ErrMissing, File: FileName,
		Remedy: "it was not made by lull, or not copied whole: take a checkpoint with lull, or name the folder that holds its CRIU images"}
}

func pending() error {
	return &Refusal{Class: ErrPending, File: FileName, Why: "its status is pending",
		Remedy: "wait until the checkpoint command has ended; if it was killed, remove this checkpoint and take another"}
}

func poisoned(reason string) error {
	return &Refusal{Class: ErrPoisoned, File: FileName, Why: reason,
		Remedy: "remove it and take another"}
}

func altered(file, why string) error {
	return &Refusal{Class: ErrAltered, File: file, Why: why,
		Remedy: "restore from another copy, or take the checkpoint again"}
}

func unknown(why string) error {
	return &Refusal{Class: ErrSchema, File: FileName, Why: why,
		Remedy: "use the lull version that wrote it, or a newer one"}
}

func occupied(why string) error {
	return &Refusal{Class: ErrOccupied, File: FileName, Why: why,
		Remedy: "name an empty folder"}
}
