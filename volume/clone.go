package volume

import (
	"os"

	"golang.org/x/sys/unix"
)

// canClone tries, on the first file that has contents, whether files of src
// can be cloned into dst. It leaves nothing behind.
func canClone(src, dst *os.File, entries []Entry) bool {
	for i := range entries {
		e := &entries[i]
		if e.Type != Regular || e.Size == 0 || e.Mount {
			continue
		}
		in, err := openQuiet(src, e.Path, 0)
		if err != nil {
			return false
		}
		defer in.Close()
		out, err := openBeneath(dst, ".", unix.O_TMPFILE|unix.O_WRONLY, 0o600)
		if err != nil {
			return false
		}
		defer out.Close()
		return cloneFile(out, in)
	}
	return true
}

// cloneFile shares in's blocks with out, which is empty. Where it cannot it
// leaves out empty.
func cloneFile(out, in *os.File) bool {
	share := func() bool { return unix.IoctlFileClone(int(out.Fd()), int(in.Fd())) == nil }
	return share() || sameNoCOW(out, in) && share()
}

const fsNoCOW = 0x00800000 // FS_NOCOW_FL: chattr +C

// sameNoCOW gives out the flag that in has. Files of btrfs share blocks only
// with their like, and databases' files have it often.
func sameNoCOW(out, in *os.File) bool {
	theirs, err := unix.IoctlGetUint32(int(in.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil {
		return false
	}
	own, err := unix.IoctlGetUint32(int(out.Fd()), unix.FS_IOC_GETFLAGS)
	if err != nil || (own^theirs)&fsNoCOW == 0 {
		return false
	}
	return unix.IoctlSetPointerInt(int(out.Fd()), unix.FS_IOC_SETFLAGS, int(own^fsNoCOW)) == nil
}
