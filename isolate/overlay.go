package isolate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Overlay mounts a writable view of lower, which is never written, below dir,
// and gives its place.
func Overlay(lower, dir string) (string, error) {
	lower, err := filepath.EvalSymlinks(lower)
	if err != nil {
		return "", err
	}
	upper, work, merged := filepath.Join(dir, "upper"), filepath.Join(dir, "work"), filepath.Join(dir, "merged")
	// The root of an overlay is the upper folder's: CRIU looks at its mode.
	if err := EmptyFolder(upper, lower); err != nil {
		return "", err
	}
	for _, d := range []string{work, merged} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return "", err
		}
	}
	data := "lowerdir=" + escape(lower) + ",upperdir=" + escape(upper) + ",workdir=" + escape(work)
	if err := unix.Mount("overlay", merged, "overlay", 0, data); err != nil {
		return "", fmt.Errorf("overlay over %s: %w; keep lull's store on a file system that overlays can write to, not on an overlay", lower, err)
	}
	return merged, nil
}

// escape: a comma or colon in a path would begin another option or folder.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ":", `\:`).Replace(path)
}

// Unlay unmounts what is mounted below dir. The files stay.
func Unlay(dir string) error {
	err := unix.Unmount(filepath.Join(dir, "merged"), unix.MNT_DETACH)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// EmptyFolder makes a folder with the mode and owner of another one.
func EmptyFolder(path, model string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	at, err := os.Stat(model)
	if err != nil {
		return err
	}
	return liken(path, at)
}

// liken gives a file the mode and owner of another one.
func liken(path string, at os.FileInfo) error {
	owner, ok := at.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("the owner of " + at.Name() + " is not told")
	}
	return errors.Join(os.Lchown(path, int(owner.Uid), int(owner.Gid)), os.Chmod(path, at.Mode()))
}

// copyFile makes a copy of a small file, such as those that an engine mounts
// one by one.
func copyFile(from, to string, at os.FileInfo) error {
	const most = 64 << 20
	if at.Size() > most {
		return fmt.Errorf("%s has %d bytes; mount files of more than %d read-only, or in a folder", from, at.Size(), most)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(to, data, 0o600), liken(to, at))
}

// emptyFile stands for a socket, a pipe or a device: nobody is reached by it.
func emptyFile(path string, at os.FileInfo) error {
	return errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, at.Mode().Perm()))
}
