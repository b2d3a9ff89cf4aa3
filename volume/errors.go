package volume

import (
	"errors"
	"fmt"
	"strconv"
)

// The classes of failure, to be told apart with errors.Is.
var (
	ErrMoving   = errors.New("a file changed while it was read")
	ErrPath     = errors.New("the folder cannot be used")
	ErrList     = errors.New("the list of files cannot be understood")
	ErrRoom     = errors.New("there is not enough room")
	ErrTooLarge = errors.New("more would have to be copied than is allowed")
	ErrCapture  = errors.New("the capture is not what was captured")
	ErrJournal  = errors.New("the journal of a put back cannot be understood")
	ErrBusy     = errors.New("another process is at work on the folder")
	ErrLeased   = errors.New("a live server has the data folder")
	ErrMount    = errors.New("the files that the database lives on cannot be reached")
)

// PathError says what is wrong with one path, and what to do.
type PathError struct {
	Class  error  // one of the classes above
	Path   string // raw bytes
	Why    string
	Remedy string
	Err    error // what the kernel said, if it did
}

// Error is one line whatever bytes are in the path.
func (e *PathError) Error() string {
	line := fmt.Sprintf("%v: %s", e.Class, show(e.Path))
	if e.Why != "" {
		line += ": " + e.Why
	}
	if e.Err != nil {
		line += ": " + e.Err.Error()
	}
	if e.Remedy != "" {
		line += "; " + e.Remedy
	}
	return line
}

// Unwrap gives the class and the kernel's error.
func (e *PathError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}

// show renders a path on one line, quoted when it has to be.
func show(path string) string {
	if q := strconv.Quote(path); q != `"`+path+`"` {
		return q
	}
	return path
}
