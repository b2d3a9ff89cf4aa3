package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// RuncLog is a runc that notes what it is called for before it does it: the
// proof that something was or was not done.
type RuncLog struct {
	Dir  string // for Options.BinDirs
	file string
}

// RecordRunc makes one.
func RecordRunc(t testing.TB) *RuncLog {
	t.Helper()
	dir := t.TempDir()
	r := &RuncLog{Dir: filepath.Join(dir, "bin"), file: filepath.Join(dir, "calls")}
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$*\" >>%q\nexec %q \"$@\"\n", r.file, Require(t).Path("runc"))
	if err := os.Mkdir(r.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir, "runc"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return r
}

// Count counts the calls of a command, restore for example, for a container.
func (r *RuncLog) Count(t testing.TB, command, id string) (n int) {
	t.Helper()
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if slices.Contains(words, command) && slices.Contains(words, id) {
			n++
		}
	}
	return n
}
