package hooks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/rpccode"
)

// Told is an error that CRIU's log has already.
type Told struct{ Err error }

// Error is the text in the log.
func (t *Told) Error() string { return oneLine(t.Err) }

// Unwrap gives the error.
func (t *Told) Unwrap() error { return t.Err }

// tell writes the reason into CRIU's log, in the form of an error of CRIU's
// own: that is where runtimes and people look. It gives the reason back, as
// Told if it could be.
func tell(pid int, why error) error {
	log := logOf(pid)
	if log == "" {
		return why
	}
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return errors.Join(why, err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "(00.000000) Error (lull): %s\n", oneLine(why)); err != nil {
		return errors.Join(why, err)
	}
	return &Told{why}
}

// logOf is the file that a running CRIU logs to; empty where that cannot be
// told.
func logOf(pid int) string {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/[0-9]*", pid))
	for _, fd := range fds {
		target, err := os.Readlink(fd)
		if name := filepath.Base(target); err == nil && (name == criu.DumpLog || name == criu.RestoreLog) {
			return fd
		}
	}
	return ""
}

// workOf is CRIU's work folder: where its log is.
func workOf(pid int) string {
	fd := logOf(pid)
	if fd == "" {
		return ""
	}
	target, err := os.Readlink(fd)
	if err != nil {
		return ""
	}
	return filepath.Dir(target)
}

// oneLine is an error as one line without the codes of RPCs.
func oneLine(err error) string {
	_, text, _ := rpccode.Split(err)
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", "; ")), " ")
}
