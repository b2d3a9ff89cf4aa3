package volume

import "context"

// Known are contents that somebody has read before, by path.
type Known map[string]Digest

// Known gives the contents of the files below root, the folder that the list
// was made of, that nobody has touched since. Only times prove that, so it is
// nothing at all where the list's Witness does not stand any more.
func (l *List) Known(ctx context.Context, root string) (Known, error) {
	dir, err := openRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	w := &walk{ctx: ctx, cross: l.Header.CrossMounts}
	if err := w.tree(dir); err != nil {
		return nil, err
	}
	if l.Header.Witness == untrusted || l.Header.Witness != w.witness() {
		return nil, nil
	}
	return l.untouched(w.entries), nil
}

func (l *List) untouched(now []Entry) Known {
	was := make(map[string]*Entry, len(l.Entries))
	for i := range l.Entries {
		was[l.Entries[i].Path] = &l.Entries[i]
	}
	known := Known{}
	for i := range now {
		e := was[now[i].Path]
		if e != nil && e.SHA256 != (Digest{}) && sameStat(e, &now[i]) && settled(e.Ctime, l.Header.Taken) {
			known[e.Path] = e.SHA256
		}
	}
	return known
}

// Contents are those of the list itself. They are another folder's too, if that
// was made from this one and nobody has written to either.
func (l *List) Contents() Known {
	known := Known{}
	for i := range l.Entries {
		if e := &l.Entries[i]; e.SHA256 != (Digest{}) {
			known[e.Path] = e.SHA256
		}
	}
	return known
}

// Proves tells whether times can prove anything where the list was made.
func (l *List) Proves() bool { return l.Header.Witness != untrusted }

func (k Known) fill(entries []Entry) {
	for i := range entries {
		if entries[i].unread() {
			entries[i].SHA256 = k[entries[i].Path]
		}
	}
}
