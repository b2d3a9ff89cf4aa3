package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Parent is the pid of a process's parent.
func Parent(pid int) (int, error) {
	status, err := readStatus(fmt.Sprintf("/proc/%d", pid))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(status["PPid"])
}

// Traced tells whether every thread of the processes is stopped by the tracer.
// A process that is gone does nothing any more.
func Traced(pids []int, tracer int) (bool, error) {
	for _, pid := range pids {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
		if err != nil {
			return false, err
		}
		for _, t := range threads {
			s, err := readStatus(t)
			if vanished(err) {
				continue
			}
			if err != nil || !strings.HasPrefix(s["State"], "t") || s["TracerPid"] != strconv.Itoa(tracer) {
				return false, err
			}
		}
	}
	return true, nil
}

// readStatus reads the file status of a process's or a thread's folder.
func readStatus(dir string) (map[string]string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			fields[key] = strings.TrimSpace(value)
		}
	}
	return fields, nil
}

// Alive is false for a process that has ended, also one that nobody has
// reaped yet.
func Alive(pid int) bool {
	s, err := readStatus(fmt.Sprintf("/proc/%d", pid))
	return err == nil && !strings.HasPrefix(s["State"], "Z") && !strings.HasPrefix(s["State"], "X")
}

func vanished(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
}
