package diversion

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
)

// Record is what an installation changed on the host.
type Record struct {
	Version string   `json:"version"`
	Files   []string `json:"files"` // lull's own programs
	Shims   []string `json:"shims"` // where the front stands in a stock shim's place
}

// ReadRecord gives the zero record where nothing is installed.
func ReadRecord(path string) (r Record, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// None tells whether nothing is installed.
func (r Record) None() bool { return len(r.Files) == 0 && len(r.Shims) == 0 }

// absent is what of it is not there, or not lull's.
func (r Record) absent() Record {
	notOurs := func(path string) bool { return !Ours(path) }
	return Record{r.Version, only(r.Files, notOurs), only(r.Shims, notOurs)}
}

// with adds what is there of a later one.
func (r Record) with(later Record) Record {
	now := Record{Version: r.Version, Files: slices.Clone(r.Files), Shims: slices.Clone(r.Shims)}
	for _, file := range only(later.Files, Ours) {
		now.Files = add(now.Files, file)
	}
	for _, shim := range only(later.Shims, Ours) {
		now.Shims = add(now.Shims, shim)
	}
	now.Version = cmp.Or(now.Version, later.Version)
	return now
}

func only(paths []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !keep(path) })
}

func (r Record) write(path string) error {
	if r.None() {
		return removeRecord(path)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'), 0o644)
}

// removeRecord removes the folder too, where nothing else lives in it.
func removeRecord(path string) error {
	if err := cleanup.IgnoreAbsent(os.Remove(path)); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // captures may live there
	return nil
}
