package volume

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
)

// below follows the spec's mounts under a data folder.
func (b *layoutBuilder) below(dest string) error {
	for _, m := range b.view.mounts {
		if m.dest == dest || !inside(m.dest, dest) {
			continue
		}
		if on, _ := b.view.lookup(m.dest); on != m {
			continue // hidden by a later mount
		}
		if m.kind == "" {
			b.note("%s is on a mount of type %s: left out", show(m.dest), m.fsType)
			continue
		}
		if err := b.folder(m.dest); err != nil {
			b.note("%s: left out: %v", show(m.dest), err)
		}
	}
	return nil
}

// nested follows the host's mounts under a folder that was bound with them.
func (b *layoutBuilder) nested(m *mountPoint, dest, host string) {
	if !m.recursive {
		return
	}
	for _, point := range b.view.host {
		if point == host || !inside(point, host) {
			continue
		}
		at := path.Join(dest, strings.TrimPrefix(point, host))
		if on, source := b.view.lookup(at); on != m || source != point {
			continue // the container has another mount there
		}
		if st, err := os.Lstat(point); err != nil || !st.IsDir() {
			b.note("%s is a mounted file: left out", show(at))
			continue
		}
		b.add(Root{Kind: Bind, Destination: at, Source: point})
	}
}

// links follows the symlinks that a database spreads its files with.
func (b *layoutBuilder) links(dest string) error {
	_, host := b.view.lookup(dest)
	for _, dir := range []string{"", "pg_tblspc"} {
		entries, err := os.ReadDir(filepath.Join(host, dir))
		if err != nil && dir == "" {
			return &PathError{Class: ErrMount, Path: dest, Err: err}
		}
		for _, e := range entries {
			if e.Type()&os.ModeSymlink != 0 {
				b.link(path.Join(dest, dir, e.Name()))
			}
		}
	}
	return nil
}

func (b *layoutBuilder) link(name string) {
	dest, err := b.view.resolve(name)
	if err != nil {
		b.note("the symlink %s is left out: %v", show(name), err)
		return
	}
	m, host := b.view.lookup(dest)
	if st, err := os.Lstat(host); m.kind != Tmpfs && (err != nil || !st.IsDir()) {
		b.note("the symlink %s leads to %s, which is no folder: left out", show(name), show(dest))
		return
	}
	if err := b.folder(dest); err != nil {
		b.note("the symlink %s is left out: %v", show(name), err)
	}
}

// hostMounts lists this mount namespace's mount points.
func hostMounts() ([]string, error) {
	found, err := mountinfo.GetMounts(nil)
	if err != nil {
		return nil, &PathError{Class: ErrMount, Path: "/proc/self/mountinfo", Err: err}
	}
	var points []string
	for _, m := range found {
		points = append(points, m.Mountpoint)
	}
	slices.Sort(points)
	return slices.Compact(points), nil
}
