package volume

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileSystem is one kind of file system.
type fileSystem struct {
	name string
	// witness: on this one a ctime tells whether a file was touched. Not on
	// network and FUSE file systems, whose attributes are cached, and not on
	// tmpfs, where a store through a shared mapping leaves the times alone.
	witness bool
}

// overlay is what a container's root file system mostly is.
const overlay = "overlayfs"

func fileSystemOf(fs *unix.Statfs_t) fileSystem {
	magic := uint32(fs.Type)
	switch magic {
	case unix.EXT4_SUPER_MAGIC:
		return fileSystem{"ext4", true}
	case unix.XFS_SUPER_MAGIC:
		return fileSystem{"xfs", true}
	case unix.BTRFS_SUPER_MAGIC:
		return fileSystem{"btrfs", true}
	case unix.OVERLAYFS_SUPER_MAGIC:
		return fileSystem{overlay, true}
	case unix.F2FS_SUPER_MAGIC:
		return fileSystem{"f2fs", true}
	case 0x2fc12fc1:
		return fileSystem{"zfs", true}
	case 0xca451a4e:
		return fileSystem{"bcachefs", true}
	case unix.TMPFS_MAGIC:
		return fileSystem{"tmpfs", false}
	case unix.NFS_SUPER_MAGIC:
		return fileSystem{"nfs", false}
	case unix.FUSE_SUPER_MAGIC:
		return fileSystem{"fuse", false}
	case 0xff534d42, 0xfe534d42:
		return fileSystem{"cifs", false}
	case unix.V9FS_MAGIC:
		return fileSystem{"9p", false}
	case 0x00c36400:
		return fileSystem{"ceph", false}
	}
	return fileSystem{fmt.Sprintf("0x%x", magic), false}
}

// FileSystem names the file system that path is on: ext4, xfs, overlayfs, …;
// one that is not known by name, by its magic number in hexadecimal.
func FileSystem(path string) (string, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return "", &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return fileSystemOf(&fs).name, nil
}

// SyncFS writes everything of the file system that path is on to its disk. It
// belongs between the freeze and the fingerprint, for two reasons: a power
// cut would leave older pages under unchanged times; and written-out pages
// are write-protected, so that the next store through a mapping moves the
// ctime that Compare relies on. It fails when an earlier write-back failed.
func SyncFS(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return errors.Join(syncFS(f), f.Close())
}

func syncFS(f *os.File) error {
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &PathError{Class: ErrPath, Path: f.Name(), Err: err,
			Why: "the file system did not take all its data", Remedy: "see the kernel log for the disk's errors"}
	}
	return nil
}
