// Package rootfile opens files below a root that belongs to somebody else: no
// link, absolute or relative, leads out of it.
package rootfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// OfProcess is the root that process pid sees, its mounts included.
func OfProcess(pid int) string { return fmt.Sprintf("/proc/%d/root", pid) }

// Open opens a regular file for reading; path is relative to root, a leading
// slash included. Anything but a regular file is refused without blocking.
func Open(root, path string) (*os.File, error) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", root, err)
	}
	defer unix.Close(dir)
	fd, err := unix.Openat2(dir, path, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
