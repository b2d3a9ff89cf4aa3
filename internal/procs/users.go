package procs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Inode names a file for as long as it exists.
type Inode struct{ Device, Number uint64 }

// UserOf finds a process, not one of except, that has one of the files mapped
// or open; 0: there is none. The files' base names spare it a look at what else
// is open, which may be on a server that does not answer.
func UserOf(files map[Inode]string, except []int) (int, error) {
	names := map[string]bool{}
	for _, name := range files {
		names[name] = true
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || slices.Contains(except, pid) {
			continue
		}
		uses, err := usesAny(pid, files, names)
		if err != nil {
			return 0, err
		}
		if uses {
			return pid, nil
		}
	}
	return 0, nil
}

// usesAny looks at one process. One that ends meanwhile uses nothing, and one
// that may not be looked at is of a user namespace above ours: it is not seen.
func usesAny(pid int, files map[Inode]string, names map[string]bool) (bool, error) {
	uses, err := mapsAny(pid, files)
	if err == nil && !uses {
		uses, err = opensAny(pid, files, names)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return uses, err
}

func mapsAny(pid int, files map[Inode]string) (bool, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return false, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if _, ok := files[mappedInode(lines.Text())]; ok {
			return true, nil
		}
	}
	return false, lines.Err()
}

// mappedInode takes a line of: range, permissions, offset, device, inode, path.
func mappedInode(line string) Inode {
	f := strings.Fields(line)
	if len(f) < 5 {
		return Inode{}
	}
	major, minor, _ := strings.Cut(f[3], ":")
	ma, err1 := strconv.ParseUint(major, 16, 32)
	mi, err2 := strconv.ParseUint(minor, 16, 32)
	n, err3 := strconv.ParseUint(f[4], 10, 64)
	if errors.Join(err1, err2, err3) != nil {
		return Inode{}
	}
	return Inode{Device: unix.Mkdev(uint32(ma), uint32(mi)), Number: n}
}

func opensAny(pid int, files map[Inode]string, names map[string]bool) (bool, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	open, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range open {
		fd := filepath.Join(dir, e.Name())
		to, err := os.Readlink(fd)
		if err != nil || !names[filepath.Base(to)] {
			continue // closed meanwhile, or of another name
		}
		var st unix.Stat_t
		if err := unix.Stat(fd, &st); err != nil {
			continue
		}
		if _, ok := files[Inode{st.Dev, st.Ino}]; ok {
			return true, nil
		}
	}
	return false, nil
}
