package procs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Mappings are ways to write a file without a system call that ends.
type Mappings struct {
	// Shared are the inodes, of whatever file system, that some process has
	// mapped shared and writable.
	Shared map[uint64]bool
	// Async says that some process has a queue for asynchronous I/O.
	Async bool
}

// SharedMappings looks at processes. One that ends meanwhile has none.
func SharedMappings(pids []int) (Mappings, error) {
	m := Mappings{Shared: map[uint64]bool{}}
	for _, pid := range pids {
		f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has ended
		}
		if err != nil {
			return m, err
		}
		err = m.read(bufio.NewScanner(f))
		if errors.Is(err, unix.ESRCH) {
			err = nil
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return m, err
		}
	}
	return m, nil
}

// read takes lines of: range, permissions, offset, device, inode, path.
func (m *Mappings) read(lines *bufio.Scanner) error {
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 5 || len(f[1]) != 4 || f[1][1] != 'w' || f[1][3] != 's' {
			continue
		}
		inode, err := strconv.ParseUint(f[4], 10, 64)
		if err != nil {
			return fmt.Errorf("inode %q of a mapping: %w", f[4], err)
		}
		if inode != 0 {
			m.Shared[inode] = true
		}
		m.Async = m.Async || strings.HasSuffix(lines.Text(), "/[aio]") || strings.Contains(lines.Text(), "/[aio] ") ||
			strings.Contains(lines.Text(), "[io_uring]")
	}
	return lines.Err()
}
