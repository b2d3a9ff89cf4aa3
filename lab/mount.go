package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mountEntry is one line of a mountinfo file.
type mountEntry struct {
	Root, Point, Type, Options string
}

func readMounts(path string) ([]mountEntry, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseMounts(string(b)), nil
}

// parseMounts reads mountinfo: ID parent major:minor root point options
// [optional…] - type source superoptions.
func parseMounts(text string) []mountEntry {
	var out []mountEntry
	for line := range strings.Lines(text) {
		left, right, ok := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 6 || len(r) < 2 {
			continue
		}
		m := mountEntry{Root: unescape(l[3]), Point: unescape(l[4]), Type: r[0]}
		if len(r) > 2 {
			m.Options = unescape(r[2])
		}
		out = append(out, m)
	}
	return out
}

// unescape undoes the kernel's \040 for blanks in paths.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mountsUnder lists the mounts at dir and below, outermost first.
func mountsUnder(dir string) ([]mountEntry, error) {
	all, err := readMounts("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var out []mountEntry
	for _, m := range all {
		if within(m.Point, dir) {
			out = append(out, m)
		}
	}
	return out, nil
}

// within says whether path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// unmountAll unmounts everything at dir and below, busy or not.
func unmountAll(dir string) error {
	for range 8 { // mounts can be stacked on one point, and appear while we work
		mounts, err := mountsUnder(dir)
		if err != nil || len(mounts) == 0 {
			return err
		}
		for i := len(mounts) - 1; i >= 0; i-- {
			err := unix.Unmount(mounts[i].Point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
			if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
				return fmt.Errorf("unmount %s: %w", mounts[i].Point, err)
			}
		}
	}
	return fmt.Errorf("mounts keep coming back under %s", dir)
}

// removeTree removes a folder, and never anything that is mounted below it.
func removeTree(dir string) error {
	resolved, err := filepath.EvalSymlinks(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := unmountAll(resolved); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
