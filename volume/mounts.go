package volume

import (
	"fmt"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Kind of a root.
type Kind string

// The kinds, as in manifest.Volume.
const (
	Bind  Kind = "bind"  // a folder of the host
	RW    Kind = "rw"    // the container's own layer
	Tmpfs Kind = "tmpfs" // memory of the container: CRIU carries it
)

// Root is one folder that the database's files live in.
type Root struct {
	Kind        Kind
	Destination string // in the container, symlinks resolved
	Source      string // on the host, symlinks resolved; empty for tmpfs
}

// Layout is where a database's files are. The roots do not overlap; the data
// folders come first, in the order they were given.
type Layout struct {
	Roots []Root
	Notes []string // what was left out, and why; one line each
}

// Mounts finds the host folders behind the data folders of a container, given
// the mounts of its spec and its root file system. It follows what the files
// are spread over: mounts below a data folder, symlinks directly in it
// (pg_wal) and in its pg_tblspc. Symlinks are resolved as the container sees
// them and cannot lead out of it. Read-only mounts are left out with a note. A
// data folder that does not exist is ErrMount and fs.ErrNotExist.
func Mounts(mounts []specs.Mount, rootfs string, folders []string) (Layout, error) {
	v, err := newView(mounts, rootfs)
	if err != nil {
		return Layout{}, err
	}
	b := &layoutBuilder{view: v, seen: map[string]bool{}}
	for _, folder := range folders {
		if err := b.folder(folder); err != nil {
			return Layout{}, err
		}
	}
	return b.Layout, nil
}

type layoutBuilder struct {
	Layout
	view *view
	seen map[string]bool // canonical folders that were looked at
}

// folder adds what a data folder, given as a path in the container, spreads over.
func (b *layoutBuilder) folder(name string) error {
	dest, err := b.view.resolve(name)
	if err != nil {
		return err
	}
	if b.seen[dest] {
		return nil
	}
	b.seen[dest] = true
	readable, err := b.place(dest)
	if err != nil {
		return err
	}
	if readable {
		if err := b.links(dest); err != nil {
			return err
		}
	}
	return b.below(dest)
}

// place adds the root that dest is in, and tells whether the host can read it.
func (b *layoutBuilder) place(dest string) (bool, error) {
	m, host := b.view.lookup(dest)
	switch {
	case m.kind == Tmpfs:
		b.add(Root{Kind: Tmpfs, Destination: dest})
		return false, nil
	case m.kind == "":
		return false, &PathError{Class: ErrMount, Path: dest, Why: "it is on a mount of type " + m.fsType,
			Remedy: "keep the data folder in a volume or in the container's own layer"}
	case m.readOnly:
		b.note("%s is read-only: left out", show(dest))
		return false, nil
	}
	st, err := os.Lstat(host)
	if err == nil && !st.IsDir() {
		return false, &PathError{Class: ErrMount, Path: dest, Why: "it is no folder"}
	}
	if err != nil {
		return false, &PathError{Class: ErrMount, Path: dest, Err: err}
	}
	b.add(Root{Kind: m.kind, Destination: dest, Source: host})
	b.nested(m, dest, host)
	return true, nil
}

// add keeps the roots free of overlaps.
func (b *layoutBuilder) add(r Root) {
	within := func(a, b Root) bool {
		if a.Kind == Tmpfs || b.Kind == Tmpfs {
			return a == b
		}
		return inside(a.Source, b.Source)
	}
	if slices.ContainsFunc(b.Roots, func(old Root) bool { return within(r, old) && !b.mountBetween(old, r) }) {
		return
	}
	i := slices.IndexFunc(b.Roots, func(old Root) bool { return within(old, r) && !b.mountBetween(r, old) })
	if i < 0 {
		b.Roots = append(b.Roots, r)
		return
	}
	b.Roots[i] = r
	rest := slices.DeleteFunc(b.Roots[i+1:], func(old Root) bool { return within(old, r) && !b.mountBetween(r, old) })
	b.Roots = b.Roots[:i+1+len(rest)]
}

// mountBetween: a fingerprint of outer stops at a mount on the way to inner.
func (b *layoutBuilder) mountBetween(outer, inner Root) bool {
	return slices.ContainsFunc(b.view.host, func(m string) bool {
		return m != outer.Source && inside(m, outer.Source) && inside(inner.Source, m)
	})
}

func (b *layoutBuilder) note(format string, args ...any) {
	b.Notes = append(b.Notes, fmt.Sprintf(format, args...))
}
