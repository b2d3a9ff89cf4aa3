package volume

import (
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// subvolumeRoot is the inode of the top folder of every btrfs subvolume.
const subvolumeRoot = 256

// btrfsArgs is the kernel's struct btrfs_ioctl_vol_args_v2.
type btrfsArgs struct {
	fd      int64
	transid uint64
	flags   uint64
	_       [4]uint64
	name    [4040]byte
}

const btrfsSnapshot = 0x50009417 // BTRFS_IOC_SNAP_CREATE_V2

// canSnapshot reports whether src is a btrfs subvolume, without others in it,
// that a snapshot in the folder store can be made of.
func canSnapshot(src, store *os.File, entries []Entry) bool {
	root := &entries[0]
	if root.Inode != subvolumeRoot || !isBtrfs(src) {
		return false
	}
	if _, err := statAt(src, workInside); err == nil {
		return false // what a put back left there is no part of it
	}
	for i := range entries {
		if entries[i].Mount || entries[i].Device != root.Device {
			return false // a snapshot has an empty folder there
		}
	}
	a, ok := btrfsID(src)
	b, ok2 := btrfsID(store)
	return ok && ok2 && a == b
}

// snapshot makes a writable snapshot of the subvolume src at path: such a one
// is removed like any folder, by any kernel since 4.18.
func snapshot(src *os.File, path string) error {
	parent, err := os.Open(filepath.Dir(path))
	if err != nil {
		return &PathError{Class: ErrPath, Path: path, Err: err}
	}
	defer parent.Close()
	args := btrfsArgs{fd: int64(src.Fd())}
	copy(args.name[:len(args.name)-1], filepath.Base(path))
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, parent.Fd(), btrfsSnapshot, uintptr(unsafe.Pointer(&args))); errno != 0 {
		return &PathError{Class: ErrPath, Path: path, Why: "no snapshot can be made", Err: errno}
	}
	return nil
}
