package volume

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// applyMetadata gives name in dir the owner, attributes, mode and mtime of e,
// in the one order in which none undoes another: chown drops setuid and
// capabilities, an ACL changes the mode, everything moves the times.
func applyMetadata(dir *os.File, name string, e *Entry) error {
	fd := int(dir.Fd())
	if err := unix.Fchownat(fd, name, int(e.UID), int(e.GID), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set the owner: %w", err)
	}
	if err := applyXattrs(within(dir, name), e); err != nil {
		return err
	}
	if e.Type != Symlink {
		if err := unix.Fchmodat(fd, name, e.Mode, 0); err != nil {
			return fmt.Errorf("set the mode: %w", err)
		}
	}
	return setMtime(dir, name, e.Mtime)
}

func setMtime(dir *os.File, name string, mtime int64) error {
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(mtime)}
	if err := unix.UtimesNanoAt(int(dir.Fd()), name, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set the times: %w", err)
	}
	return nil
}

func applyXattrs(path string, e *Entry) error {
	if err := dropInheritedACLs(path, e); err != nil {
		return err
	}
	for key, v := range e.Xattrs {
		err := unix.Lsetxattr(path, key, v, 0)
		if err != nil && !(hostOwned(key) && refused(err)) {
			return fmt.Errorf("set the attribute %q: %w", key, err)
		}
	}
	return nil
}

// refused: the file system or a security module does not take the attribute.
func refused(err error) bool {
	return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL)
}

// dropInheritedACLs removes what a default ACL of a folder above left.
func dropInheritedACLs(path string, e *Entry) error {
	keys, err := listXattrs(path, make([]byte, 1<<10))
	if err != nil {
		return fmt.Errorf("list attributes: %w", err)
	}
	for _, key := range keys {
		if _, kept := e.Xattrs[key]; kept || !isACL(key) {
			continue
		}
		if err := unix.Lremovexattr(path, key); err != nil && !errors.Is(err, unix.ENODATA) {
			return fmt.Errorf("remove the inherited attribute %q: %w", key, err)
		}
	}
	return nil
}
