package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// publish replaces the manifest durably. The caller holds the folder's lock.
func publish(dir string, m *Manifest) error {
	raw, err := encode(m)
	if err != nil {
		return err
	}
	temp := filepath.Join(dir, tempName)
	if err := writeSynced(temp, raw); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := os.Rename(temp, filepath.Join(dir, FileName)); err != nil {
		return errors.Join(fmt.Errorf("publish the manifest: %w", err), removeIfThere(temp))
	}
	return syncDir(dir)
}

func writeSynced(path string, raw []byte) (err error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC | unix.O_NOFOLLOW
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(raw); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return f.Sync()
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the checkpoint folder: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// locked runs do while this process alone, of those that go through this
// package, writes manifests in dir. The lock is on the folder itself, leaves
// nothing behind and dies with the process.
func locked(dir string, do func() error) error {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return fmt.Errorf("lock the checkpoint folder: %w", err)
	}
	defer f.Close()
	if err := flock(int(f.Fd())); err != nil {
		return fmt.Errorf("lock the checkpoint folder %s: %w", dir, err)
	}
	return errors.Join(do(), unix.Flock(int(f.Fd()), unix.LOCK_UN))
}

// flock waits for the lock. Whoever has it only writes one small file.
func flock(fd int) error {
	for {
		if err := unix.Flock(fd, unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
