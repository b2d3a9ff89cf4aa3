package volume

import "context"

// Verify reads every byte of a copy of the list's volume, wherever it is, and
// tells how it differs. No time and no inode is believed.
func (l *List) Verify(ctx context.Context, dir string) (Drift, error) {
	root, err := openRoot(dir)
	if err != nil {
		return Drift{}, err
	}
	defer root.Close()
	w := &walk{ctx: ctx, xattrs: true}
	if err := w.tree(root); err != nil {
		return Drift{}, err
	}
	if err := fillContents(ctx, root, w.entries); err != nil {
		return Drift{}, err
	}
	d := l.against(w.entries)
	d.Hashed = len(w.entries)
	return d, nil
}
