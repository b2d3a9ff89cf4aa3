package volume

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Shares reports whether path is on a kind of file system whose files can
// share blocks: a capture there costs next to nothing, on that file system
// only.
func Shares(path string) (bool, error) {
	kind, err := FileSystem(path)
	return kind == "xfs" || kind == "btrfs" || kind == "bcachefs", err
}

// SameFileSystem reports whether two paths are on one file system, different
// subvolumes of it included. Of a path that is not there yet the nearest
// folder above counts.
func SameFileSystem(a, b string) (bool, error) {
	x, err := fileSystemID(a)
	if err != nil {
		return false, err
	}
	y, err := fileSystemID(b)
	return x == y, err
}

// fsID names a file system as long as it is mounted: by its device, btrfs by
// its UUID, because each of its subvolumes has a device of its own.
type fsID struct {
	device uint64
	uuid   [16]byte
}

func fileSystemID(path string) (fsID, error) {
	f, err := nearest(path)
	if err != nil {
		return fsID{}, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	defer f.Close()
	if uuid, ok := btrfsID(f); ok {
		return fsID{uuid: uuid}, nil
	}
	s, err := statAt(f, "")
	if err != nil {
		return fsID{}, &PathError{Class: ErrPath, Path: path, Err: err}
	}
	return fsID{device: s.Device}, nil
}

// btrfsInfo is the kernel's struct btrfs_ioctl_fs_info_args.
type btrfsInfo struct {
	maxID, devices uint64
	uuid           [16]byte
	_              [992]byte
}

const btrfsFSInfo = 0x8400941f // BTRFS_IOC_FS_INFO

func btrfsID(f *os.File) (uuid [16]byte, ok bool) {
	if !isBtrfs(f) {
		return uuid, false
	}
	var info btrfsInfo
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), btrfsFSInfo, uintptr(unsafe.Pointer(&info)))
	return info.uuid, errno == 0
}

func isBtrfs(f *os.File) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(f.Fd()), &st) == nil && uint32(st.Type) == unix.BTRFS_SUPER_MAGIC
}
