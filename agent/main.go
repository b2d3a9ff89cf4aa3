package agent

import (
	"fmt"
	"io"
	"os"

	"github.com/lull-containers/lull/quiesce"
)

// The exit codes of Main.
const (
	exitDone    = 0 // closed, or standard input ended
	exitRefused = 1 // the process could not be made safe
	exitGarbage = 2 // standard input said what is no request
)

// Main is the agent's process: it answers requests from stdin on stdout, one
// session with one of the drivers, until stdin ends. Then it returns at once,
// in the middle of a call too, and the caller must exit with the code.
func Main(stdin io.Reader, stdout io.Writer, drivers []quiesce.Driver) int {
	if err := harden(); err != nil {
		fmt.Fprintln(os.Stderr, "lull-agent:", err)
		return exitRefused
	}
	s := &server{drivers: drivers, out: stdout, confine: confine}
	if err := s.serve(stdin); err != nil {
		fmt.Fprintln(os.Stderr, "lull-agent:", err)
		return exitGarbage
	}
	return exitDone
}
