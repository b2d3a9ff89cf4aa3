package volume

import (
	"context"
	"os"
)

// Options of a fingerprint.
type Options struct {
	// Content reads every regular file and records its sha256. Without it the
	// list can only tell that nothing was touched, on this host, until the
	// next boot or mount.
	Content bool
	// CrossMounts enters mount points below the root; otherwise they are
	// listed and left alone.
	CrossMounts bool
	// Synced says that SyncFS was called on root since the database was
	// frozen. Otherwise Fingerprint calls it, because the times stand on it.
	Synced bool
	// Known are contents that Content need not read.
	Known Known
}

// Fingerprint lists every file below root: by descriptors, through no symlink,
// root's own path included (ErrPath). Nothing may write there meanwhile: a
// file that changes or vanishes is ErrMoving.
func Fingerprint(ctx context.Context, root string, o Options) (*List, error) {
	dir, err := openRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if !o.Synced {
		if err := syncFS(dir); err != nil {
			return nil, err
		}
	}
	w := &walk{ctx: ctx, cross: o.CrossMounts, xattrs: true}
	l, err := w.list(dir)
	if err != nil {
		return nil, err
	}
	o.Known.fill(l.Entries)
	if !o.Content {
		return l, nil
	}
	return l, fillContents(ctx, dir, l.Entries)
}

// list walks dir, waits until its times are final and writes the header.
func (w *walk) list(dir *os.File) (*List, error) {
	if err := w.tree(dir); err != nil {
		return nil, err
	}
	taken, err := settle(w.ctx, w.entries)
	if err != nil {
		return nil, err
	}
	fs, err := FileSystem(procPath(dir))
	if err != nil {
		return nil, err
	}
	head := Header{Root: dir.Name(), FileSystem: fs, Taken: taken,
		Witness: w.witness(), CrossMounts: w.cross}
	return &List{Header: head, Entries: w.entries}, nil
}
