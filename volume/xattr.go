package volume

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxXattr bounds the names and each value, as the kernel does.
const maxXattr = 64 << 10

func procPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// xattrsAt reads all extended attributes of name in dir; buf holds maxXattr.
func xattrsAt(dir *os.File, name string, buf []byte) (map[string][]byte, error) {
	path := within(dir, name)
	n, err := unix.Llistxattr(path, buf)
	if n == 0 || errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	attrs := map[string][]byte{}
	for _, key := range strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00") {
		v, err := xattrAt(path, key)
		if errors.Is(err, unix.ENODATA) {
			continue
		}
		if err != nil {
			return nil, err
		}
		attrs[key] = v
	}
	return attrs, nil
}

func xattrAt(path, key string) ([]byte, error) {
	var small [256]byte
	n, err := unix.Lgetxattr(path, key, small[:])
	if err == nil {
		return append([]byte{}, small[:n]...), nil
	}
	if !errors.Is(err, unix.ERANGE) {
		return nil, err
	}
	large := make([]byte, maxXattr)
	if n, err = unix.Lgetxattr(path, key, large); err != nil {
		return nil, err
	}
	return append([]byte{}, large[:n]...), nil
}

// hostOwned reports whether an attribute belongs to the host (labels,
// integrity, overlay bookkeeping) and not to the database: it is copied where
// that works, and a difference in it is no drift.
func hostOwned(key string) bool {
	return strings.HasPrefix(key, "security.") && key != "security.capability" ||
		strings.HasPrefix(key, "trusted.") || strings.HasPrefix(key, "user.overlay.")
}

func isACL(key string) bool { return strings.HasPrefix(key, "system.posix_acl_") }

// sameXattrs compares what is not the host's.
func sameXattrs(a, b map[string][]byte) bool { return covers(a, b) && covers(b, a) }

func covers(a, b map[string][]byte) bool {
	for key, v := range b {
		w, ok := a[key]
		if !hostOwned(key) && (!ok || string(w) != string(v)) {
			return false
		}
	}
	return true
}
