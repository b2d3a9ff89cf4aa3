package volume

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxXattr bounds the names and each value, as the kernel does.
const maxXattr = 64 << 10

func procPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// xattrsAt reads all extended attributes of name in dir; buf is scratch.
func xattrsAt(dir *os.File, name string, buf []byte) (map[string][]byte, error) {
	return xattrsOf(within(dir, name), buf)
}

func xattrsOf(path string, buf []byte) (map[string][]byte, error) {
	keys, err := listXattrs(path, buf)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	attrs := make(map[string][]byte, len(keys))
	for _, key := range keys {
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

// listXattrs names the attributes of path itself, no symlink followed.
func listXattrs(path string, buf []byte) ([]string, error) {
	n, err := unix.Llistxattr(path, buf)
	if errors.Is(err, unix.ERANGE) {
		buf = make([]byte, maxXattr)
		n, err = unix.Llistxattr(path, buf)
	}
	if errors.Is(err, unix.ENOTSUP) || err == nil && n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00"), nil
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
