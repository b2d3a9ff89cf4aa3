package dockerd

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/lull-containers/lull/internal/flock"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/durable"
)

// manifestFile marks a checkpoint that is lull's.
const manifestFile = "lull-manifest.json"

// Save keeps a container's checkpoints and its configuration below the folder
// into, where `docker rm` does not reach. Where both lie on one file system the
// files are the same, and take no room. Checkpoints without a manifest are left
// out; those of an earlier save stay. It returns the saved container's folder,
// durable and whole; "" when there was nothing to save. Of several at once one
// waits for the other.
func Save(c Container, into string) (dir string, err error) {
	names, err := checkpoints(c)
	if err != nil || len(names) == 0 {
		return "", err
	}
	if err := os.MkdirAll(into, 0o700); err != nil {
		return "", err
	}
	lock, err := flock.OpenWait(into, flock.Exclusive)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	dir = filepath.Join(into, c.ID)
	part := dir + ".part"
	if err := errors.Join(recoverSaved(dir), os.RemoveAll(part), os.MkdirAll(part, 0o700)); err != nil {
		return "", err
	}
	if err := assemble(part, c, names, Container{Dir: dir}); err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	return dir, errors.Join(swap(part, dir), durable.SyncDir(into))
}

// assemble links what is there, and what only an earlier save still has. What that
// one has already is not copied again.
func assemble(part string, c Container, names []string, earlier Container) error {
	for _, name := range []string{ConfigFile, HostFile} {
		if err := copyFile(filepath.Join(c.Dir, name), filepath.Join(part, name)); err != nil {
			return err
		}
	}
	old, err := checkpoints(earlier)
	if err != nil {
		return err
	}
	to := Container{Dir: part}
	for _, name := range names {
		from := c
		if slices.Contains(old, name) && sameCheckpoint(c, earlier, name) {
			from = earlier
		}
		if err := LinkCheckpoint(from, name, to); err != nil {
			return err
		}
	}
	for _, name := range old {
		if slices.Contains(names, name) {
			continue
		}
		if err := LinkCheckpoint(earlier, name, to); err != nil {
			return err
		}
	}
	return errors.Join(durable.SyncDir(to.Checkpoints()), durable.SyncDir(part))
}

// sameCheckpoint compares manifests: each has an id and the digests of its files.
func sameCheckpoint(a, b Container, name string) bool {
	of := func(c Container) []byte {
		raw, err := os.ReadFile(filepath.Join(c.Checkpoints(), name, manifestFile))
		if err != nil {
			return nil
		}
		return raw
	}
	raw := of(a)
	return raw != nil && bytes.Equal(raw, of(b))
}

// swap puts the new folder in the old one's place. At no moment is there none,
// or one aside that recoverSaved takes back.
func swap(part, dir string) error {
	err := unix.Renameat2(unix.AT_FDCWD, part, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
	switch {
	case err == nil:
		return os.RemoveAll(part)
	case errors.Is(err, fs.ErrNotExist):
		return os.Rename(part, dir)
	case !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EOPNOTSUPP):
		return &os.LinkError{Op: "exchange", Old: part, New: dir, Err: err}
	}
	if err := os.Rename(dir, aside(dir)); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		return errors.Join(err, os.Rename(aside(dir), dir))
	}
	return os.RemoveAll(aside(dir))
}

func aside(dir string) string { return dir + ".old" }

// recoverSaved takes back what a killed save has left aside.
func recoverSaved(dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return os.RemoveAll(aside(dir))
	}
	if err := os.Rename(aside(dir), dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
