package volume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"
)

// workInside is the work folder's name when it has to be inside the volume:
// then only the host's root can look into it, and no list ever has it. Beside
// the volume its name ends in the volume's inode.
const workInside = ".lull-putback"

// place is a folder that a work folder can be in, and its name there. Renames
// must work between it and the volume.
type place struct {
	base *os.File
	name string
}

func (p place) path() string { return filepath.Join(p.base.Name(), p.name) }

// insidePlace is within the volume itself: the only place that a volume which
// is a mount point leaves.
func insidePlace(dst *os.File) place { return place{dst, workInside} }

// besidePlace is next to the volume. The error is fs.ErrNotExist when a
// rename could not work: another mount or another device (a btrfs subvolume).
func besidePlace(dst *os.File) (place, error) {
	own, err := statAt(dst, "")
	if err != nil {
		return place{}, err
	}
	base, err := openRoot(filepath.Dir(dst.Name()))
	if err != nil {
		return place{}, err
	}
	up, err := statAt(base, "")
	if err == nil && (own.mountRoot || own.mount != up.mount || own.Device != up.Device) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return place{}, errors.Join(err, base.Close())
	}
	return place{base, fmt.Sprintf("%s-%d", workInside, own.Inode)}, nil
}

// make makes the work folder, locked.
func (p place) make() (*os.File, error) {
	err := unix.Mkdirat(int(p.base.Fd()), p.name, 0o700)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: p.path(), Err: err}
	}
	return p.open()
}

// open opens and locks the work folder; fs.ErrNotExist when there is none.
func (p place) open() (*os.File, error) {
	f, err := openQuiet(p.base, p.name, unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, &PathError{Class: ErrJournal, Path: p.path(), Err: err}
	}
	if f, err = rename(f, p.path()); err != nil {
		return nil, err
	}
	if err := p.claim(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (p place) claim(f *os.File) error {
	if err := flock.Try(f, flock.Exclusive); err != nil {
		return &PathError{Class: ErrBusy, Path: p.path(), Why: "a put back is under way", Err: err,
			Remedy: "wait for it to end"}
	}
	s, err := statAt(f, "")
	if err != nil {
		return &PathError{Class: ErrPath, Path: p.path(), Err: err}
	}
	if s.Nlink == 0 {
		return fs.ErrNotExist // its owner removed it just now
	}
	if s.UID != uint32(os.Geteuid()) || s.Mode&0o077 != 0 {
		return &PathError{Class: ErrJournal, Path: p.path(), Why: "it was not made by lull", Remedy: "move it away"}
	}
	return nil
}

// probe tries whether a file can be renamed from the work folder into the
// volume: project quotas forbid it without any other sign. The name that it
// has there is one that every list leaves out.
func (p place) probe(work, dst *os.File) error {
	if p.name == workInside {
		return nil
	}
	f, err := openBeneath(work, workInside, unix.O_WRONLY|unix.O_CREAT, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := renameNew(work, dst, workInside); err != nil {
		return err
	}
	return unix.Unlinkat(int(dst.Fd()), workInside, 0)
}
