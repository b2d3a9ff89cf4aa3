package volume

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
)

// Compare tells how root differs from the list, and changes nothing. A file
// whose size, times, inode and device all agree is unchanged where the list's
// Witness still stands; of every other one the contents decide, so that a
// volume that was copied or unpacked again holds, and one with other contents
// under the same size and mtime does not. Modes, owners and ACLs count, the
// times themselves do not, nor do sockets. Once a difference is certain
// nothing more is read.
func Compare(ctx context.Context, root string, l *List) (Drift, error) {
	return CompareKnown(ctx, root, l, nil)
}

// CompareKnown is Compare, where contents that are known are not read.
func CompareKnown(ctx context.Context, root string, l *List, known Known) (Drift, error) {
	dir, err := openRoot(root)
	if err != nil {
		return Drift{}, err
	}
	defer dir.Close()
	w := &walk{ctx: ctx, cross: l.Header.CrossMounts}
	if err := w.tree(dir); err != nil {
		return Drift{}, err
	}
	c := &comparison{ctx: ctx, dir: dir, taken: l.Header.Taken, buf: make([]byte, 1<<10), known: known,
		trusted: l.Header.Witness != untrusted && l.Header.Witness == w.witness()}
	if err := c.merge(l.Entries, w.entries); err != nil {
		return Drift{}, err
	}
	if c.drift.Any() {
		c.drift.Unread = len(c.unsure)
		return c.drift, nil
	}
	err = c.read()
	return c.drift, err
}

// comparison collects differences, and the files that only reading can judge.
type comparison struct {
	ctx     context.Context
	dir     *os.File
	taken   int64
	trusted bool
	buf     []byte
	known   Known
	unsure  []pair
	drift   Drift
}

type pair struct{ was, now *Entry }

// merge goes through both sorted lists side by side.
func (c *comparison) merge(was, now []Entry) error {
	i, j := 0, 0
	for i < len(was) || j < len(now) {
		switch {
		case j == len(now) || i < len(was) && before(was[i].Path, now[j].Path):
			c.lacks(&was[i])
			i++
		case i == len(was) || before(now[j].Path, was[i].Path):
			c.has(&now[j])
			j++
		default:
			if err := c.both(&was[i], &now[j]); err != nil {
				return err
			}
			i, j = i+1, j+1
		}
	}
	return nil
}

func (c *comparison) lacks(was *Entry) {
	if was.Type != Socket {
		c.drift.Removed = append(c.drift.Removed, was.Path)
	}
}

func (c *comparison) has(now *Entry) {
	if now.Type != Socket {
		c.drift.Added = append(c.drift.Added, now.Path)
	}
}

func (c *comparison) both(was, now *Entry) error {
	if c.trusted && sameStat(was, now) && settled(was.Ctime, c.taken) {
		return nil
	}
	if why := differs(was, now); why != "" {
		c.drift.change(was.Path, why)
		return nil
	}
	if was.Type == Socket || was.Mount {
		return nil
	}
	if same, err := c.attributes(was, now); err != nil || !same {
		return err
	}
	if was.Type == Regular {
		c.unsure = append(c.unsure, pair{was, now})
	}
	return nil
}

// differs compares what lstat shows and a restore relies on.
func differs(was, now *Entry) string {
	switch {
	case was.Type != now.Type || now.Mount && !was.Mount:
		return fmt.Sprintf("is a %s, was a %s", now.kind(), was.kind())
	case was.Type == Socket || was.Mount: // what is mounted there is a root of its own
		return ""
	case was.Mode != now.Mode && was.Type != Symlink:
		return fmt.Sprintf("mode %04o, was %04o", now.Mode, was.Mode)
	case was.UID != now.UID || was.GID != now.GID:
		return fmt.Sprintf("owner %d:%d, was %d:%d", now.UID, now.GID, was.UID, was.GID)
	case was.Size != now.Size:
		return fmt.Sprintf("%d bytes, were %d", now.Size, was.Size)
	case was.Target != now.Target || was.Rdev != now.Rdev:
		return "leads elsewhere"
	}
	return ""
}

func (e *Entry) kind() string {
	if e.Mount {
		return "mount point"
	}
	return string(e.Type)
}

func (c *comparison) attributes(was, now *Entry) (bool, error) {
	if err := c.fillXattrs(now); err != nil {
		return false, err
	}
	if sameXattrs(was.Xattrs, now.Xattrs) {
		return true, nil
	}
	c.drift.change(was.Path, "extended attributes or ACL")
	return false, nil
}

// fillXattrs reads what the walk left out because it is seldom needed.
func (c *comparison) fillXattrs(now *Entry) error {
	if c.dir == nil {
		return nil
	}
	parent, name := path.Split(now.Path)
	dir, err := openQuiet(c.dir, path.Clean(parent), 0)
	if err != nil {
		return moved(now.Path, err)
	}
	defer dir.Close()
	if now.Xattrs, err = xattrsAt(dir, name, c.buf); err != nil {
		return moved(now.Path, err)
	}
	return nil
}

// read judges by contents.
func (c *comparison) read() error {
	now := make([]Entry, len(c.unsure))
	for i, p := range c.unsure {
		now[i] = *p.now
	}
	c.known.fill(now)
	recorded := slices.ContainsFunc(c.unsure, func(p pair) bool { return !p.was.unread() })
	if recorded && c.dir != nil {
		for i := range now {
			if now[i].unread() {
				c.drift.Hashed++
			}
		}
		if err := fillContents(c.ctx, c.dir, now); err != nil {
			return err
		}
	}
	for i, p := range c.unsure {
		switch {
		case p.was.unread():
			c.drift.change(p.was.Path, "was touched, and its contents were not recorded")
		case p.was.SHA256 != now[i].SHA256:
			c.drift.change(p.was.Path, "contents")
		}
	}
	return nil
}

// against compares with entries that are complete, without looking at a disk.
func (l *List) against(now []Entry) Drift {
	c := &comparison{}
	_ = c.merge(l.Entries, now) // reads nothing, so cannot fail
	_ = c.read()
	return c.drift
}
