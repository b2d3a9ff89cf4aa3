package volume

import (
	"errors"
	"io/fs"
	"os"
)

// Undisturbed tells whether root is the very folder that the list was made of,
// and is left alone: no server has its lease below the folder leases, and no put
// back is under way or was interrupted. Only then is a difference what somebody
// has written. It takes no lock and leaves nothing.
func (l *List) Undisturbed(leases, root string) (bool, error) {
	dir, err := openRoot(root)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	s, err := statAt(dir, "")
	if err != nil {
		return false, &PathError{Class: ErrPath, Path: root, Err: err}
	}
	if len(l.Entries) == 0 || l.Entries[0].inode() != s.inode() {
		return false, nil
	}
	if holder, _, err := readHolder(leaseKey(leases, &s) + ".json"); err != nil || holder.alive() {
		return false, err
	}
	return noWork(dir)
}

// noWork looks for work folders of put backs.
func noWork(dst *os.File) (bool, error) {
	beside, err := besidePlace(dst)
	if err == nil {
		defer beside.base.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, p := range []place{insidePlace(dst), beside} {
		if p.base == nil {
			continue
		}
		if _, err := statAt(p.base, p.name); !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return true, nil
}
