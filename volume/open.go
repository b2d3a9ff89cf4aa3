package volume

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// openRoot opens a folder whose path must hold no symlink at all, so that
// nothing in a container can lead it elsewhere between resolution and use.
func openRoot(path string) (*os.File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	top, err := os.Open("/")
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: "/", Err: err}
	}
	defer top.Close()
	f, err := openBeneath(top, strings.TrimPrefix(abs, "/"), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err,
			Why: "it is no folder, or a symlink leads to it", Remedy: "name the folder by its real path"}
	}
	if err != nil {
		return nil, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return rename(f, abs)
}

// rename gives an open file the name that errors and headers should show.
func rename(f *os.File, name string) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, &PathError{Class: ErrPath, Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// openBeneath opens path below dir and follows no symlink on the way.
func openBeneath(dir *os.File, path string, flags int, mode uint32) (*os.File, error) {
	if path == "" {
		path = "."
	}
	fd, err := openNoFollow(int(dir.Fd()), path, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, mode)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// maxOpenTries bounds how often an interrupted open is repeated.
const maxOpenTries = 100

func openNoFollow(dir int, path string, flags int, mode uint32) (int, error) {
	how := unix.OpenHow{Flags: uint64(flags), Mode: uint64(mode),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
	for range maxOpenTries {
		fd, err := unix.Openat2(dir, path, &how)
		switch err {
		case unix.EINTR, unix.EAGAIN:
			continue
		case unix.ENOSYS, unix.EPERM:
			return openStepwise(dir, path, flags, mode)
		}
		return fd, err
	}
	return -1, unix.EAGAIN
}

// openStepwise does the same on kernels before 5.6 and under seccomp filters
// that do not know openat2. EPERM may also be O_NOATIME's: openat says so again.
func openStepwise(dir int, path string, flags int, mode uint32) (int, error) {
	parts := strings.Split(path, "/")
	at := dir
	for i, part := range parts {
		if part == ".." {
			return -1, unix.EXDEV
		}
		f, m := flags, mode
		if i < len(parts)-1 {
			f, m = unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0
		}
		fd, err := unix.Openat(at, part, f, m)
		if at != dir {
			unix.Close(at)
		}
		if err != nil {
			return -1, err
		}
		at = fd
	}
	return at, nil
}

// openQuiet opens for reading without touching the access time where the
// kernel lets us.
func openQuiet(dir *os.File, path string, flags int) (*os.File, error) {
	flags |= unix.O_RDONLY | unix.O_NONBLOCK
	f, err := openBeneath(dir, path, flags|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		return openBeneath(dir, path, flags, 0)
	}
	return f, err
}

// within is a path that names a file of an open folder to calls that take no
// folder. Only the last component is looked up, so no symlink is followed.
func within(dir *os.File, name string) string {
	return procPath(dir) + "/" + name
}
