package shm

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/lull-containers/lull/internal/procs"
)

// host is the host's own shared memory.
const host = "/dev/shm"

// ErrShared says that a /dev/shm is not the container's alone: what is in it
// may not be saved, and nothing may be put there.
var ErrShared = errors.New("/dev/shm is not the container's alone")

// Alone refuses a folder, a container's /dev/shm, that is the host's own or
// whose files a process has in use that is not one of own.
func Alone(dir string, own []int) error {
	is, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if of, err := os.Stat(host); err == nil && os.SameFile(is, of) {
		return fmt.Errorf("%w, but the host's; run it with --ipc=private", ErrShared)
	}
	files, err := inodes(dir)
	if err != nil || len(files) == 0 {
		return err
	}
	pid, err := procs.UserOf(files, own)
	if err != nil {
		return err
	}
	if pid != 0 {
		return fmt.Errorf("%w: process %d, which is not of the container, uses files in it; run it with --ipc=private", ErrShared, pid)
	}
	return nil
}

// Empty reports whether a folder has nothing that Save would save.
func Empty(dir string) (bool, error) {
	files, err := inodes(dir)
	return len(files) == 0, err
}

func inodes(dir string) (map[procs.Inode]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := regular(root)
	if err != nil {
		return nil, err
	}
	all := map[procs.Inode]string{}
	for _, f := range files {
		st := f.Sys().(*syscall.Stat_t)
		all[procs.Inode{Device: st.Dev, Number: st.Ino}] = f.Name()
	}
	return all, nil
}
