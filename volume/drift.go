package volume

import (
	"fmt"
	"strings"
)

// Drift is how a folder differs from its list. Paths are raw bytes, sorted.
type Drift struct {
	Changed []string
	Added   []string
	Removed []string
	Why     map[string]string // of each changed path
	// Unread counts files that were touched but not read, because the verdict
	// was clear without them.
	Unread int
	// Hashed counts files that were read.
	Hashed int
}

// Any reports whether there is a difference.
func (d Drift) Any() bool { return len(d.Changed)+len(d.Added)+len(d.Removed) > 0 }

const named = 3

// String is one line for a person, naming up to three files.
func (d Drift) String() string {
	if !d.Any() {
		return "no difference"
	}
	var parts []string
	for _, p := range []struct {
		verb  string
		paths []string
	}{{"changed", d.Changed}, {"added", d.Added}, {"removed", d.Removed}} {
		if len(p.paths) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", len(p.paths), p.verb))
		}
	}
	return strings.Join(parts, ", ") + ": " + d.examples()
}

func (d Drift) examples() string {
	var lines []string
	for _, p := range d.Changed {
		lines = append(lines, show(p)+" ("+d.Why[p]+")")
	}
	for _, p := range d.Added {
		lines = append(lines, show(p)+" (added)")
	}
	for _, p := range d.Removed {
		lines = append(lines, show(p)+" (removed)")
	}
	if len(lines) > named {
		lines = append(lines[:named], "…")
	}
	return strings.Join(lines, ", ")
}

func (d *Drift) change(path, why string) {
	if d.Why == nil {
		d.Why = map[string]string{}
	}
	d.Changed = append(d.Changed, path)
	d.Why[path] = why
}
