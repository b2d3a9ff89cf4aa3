package harness

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// cellsFile names the file that takes the cells, one JSON object in a line. It
// is appended to, by several processes at a time.
const cellsFile = "LULL_E2E_CELLS"

// Cell is one cell of docs/COMPATIBILITY.md: what was run, and how it ended.
type Cell struct {
	Engine   string `json:"engine"`   // docker, containerd, cri, podman, runc
	Version  string `json:"version"`  // 28
	Database string `json:"database"` // postgres 17
	How      string `json:"how"`      // leave running, stop
	Result   Result `json:"result"`
	Reason   string `json:"reason,omitempty"` // why it was not run
	Test     string `json:"test"`
}

// Result is how a cell ended.
type Result string

// The results.
const (
	Passed Result = "pass"
	Failed Result = "fail"
	NotRun Result = "not run"
)

// FillCell says which cell a test fills. How the test ends is noted when all of
// its own cleanups have run, so call it before anything is started.
func FillCell(t testing.TB, engine, version, database, how string) *Cell {
	t.Helper()
	c := &Cell{Engine: engine, Version: version, Database: database, How: how, Test: t.Name()}
	t.Cleanup(func() {
		c.end(t)
		if err := c.note(os.Getenv(cellsFile)); err != nil {
			t.Errorf("%s: %v", cellsFile, err)
		}
	})
	return c
}

// Skip skips the test; the cell says that it was not run, and why.
func (c *Cell) Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	c.Reason = fmt.Sprintf(format, args...)
	t.Skip(c.Reason)
}

func (c *Cell) end(t testing.TB) {
	switch {
	case t.Failed():
		c.Result = Failed
	case t.Skipped():
		c.Result = NotRun
		if c.Reason == "" {
			c.Reason = "skipped; the test's output says why"
		}
	default:
		c.Result = Passed
	}
}

// note appends the cell in one write, so that lines of several processes do not
// mix.
func (c *Cell) note(path string) error {
	if path == "" {
		return nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(line, '\n'))
	return err
}
