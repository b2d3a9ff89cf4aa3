package volume

import (
	"os"

	"golang.org/x/sys/unix"
)

const (
	statxMountIDUnique = 0x4000 // STATX_MNT_ID_UNIQUE, Linux 6.8
	statxWanted        = unix.STATX_BASIC_STATS | unix.STATX_MNT_ID | statxMountIDUnique
	modeBits           = 0o7777
)

// stat is an entry with what only the walk needs.
type stat struct {
	Entry
	mount     uint64 // id of the mount; 0 before Linux 5.8
	unique    bool   // mount ids are never used again (Linux 6.8)
	mountRoot bool
	allocated int64 // bytes on disk
}

// statAt looks at name in dir, never through a symlink. An empty name is dir itself.
func statAt(dir *os.File, name string) (stat, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	var x unix.Statx_t
	for {
		err := unix.Statx(int(dir.Fd()), name, flags, statxWanted, &x)
		if err == unix.EINTR {
			continue
		}
		return fromStatx(&x), err
	}
}

func fromStatx(x *unix.Statx_t) stat {
	s := stat{
		mount:     x.Mnt_id,
		unique:    x.Mask&statxMountIDUnique != 0,
		mountRoot: x.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0,
		allocated: int64(x.Blocks) * 512,
	}
	s.Type, s.Mode = typeOf(x.Mode), uint32(x.Mode)&modeBits
	s.UID, s.GID, s.Nlink = x.Uid, x.Gid, x.Nlink
	s.Mtime, s.Ctime = nanos(x.Mtime), nanos(x.Ctime)
	s.Inode, s.Device = x.Ino, unix.Mkdev(x.Dev_major, x.Dev_minor)
	switch s.Type {
	case Regular, Symlink:
		s.Size = int64(x.Size)
	case Char, Block:
		s.Rdev = unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	}
	return s
}

func nanos(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }

func typeOf(mode uint16) Type {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return Folder
	case unix.S_IFREG:
		return Regular
	case unix.S_IFLNK:
		return Symlink
	case unix.S_IFIFO:
		return Pipe
	case unix.S_IFSOCK:
		return Socket
	case unix.S_IFCHR:
		return Char
	}
	return Block
}

// sameStat is the witness: no call sets a ctime, so a file whose inode, size
// and both times agree has not been touched. docs/MANIFEST.md has its limits.
func sameStat(a, b *Entry) bool {
	return a.Type == b.Type && a.Size == b.Size && a.Mtime == b.Mtime &&
		a.Ctime == b.Ctime && a.Inode == b.Inode && a.Device == b.Device
}
