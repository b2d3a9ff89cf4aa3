package lab

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is a process that cannot be mistaken for a later one with its pid.
type process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // in clock ticks since the boot
	Boot  string `json:"boot"`
}

func identify(pid int) (process, error) {
	start, _, err := statOf(pid)
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Start: start, Boot: bootID()}, nil
}

func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

// alive is false for a zombie: it holds nothing any more.
func (p process) alive() bool {
	if p.PID <= 0 || p.Boot != bootID() {
		return false
	}
	start, state, err := statOf(p.PID)
	return err == nil && start == p.Start && state != 'Z' && state != 'X'
}

// signal signals this very process; one that is gone is no error.
func (p process) signal(s unix.Signal) error {
	if p.PID <= 0 {
		return nil
	}
	fd, err := unix.PidfdOpen(p.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pid %d: %w", p.PID, err)
	}
	defer unix.Close(fd)
	if !p.alive() { // the pid was somebody else's when the descriptor was opened
		return nil
	}
	err = unix.PidfdSendSignal(fd, s, nil, 0)
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal pid %d: %w", p.PID, err)
	}
	return nil
}

func (p process) gone(within time.Duration) bool {
	for end := time.Now().Add(within); p.alive(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func statOf(pid int) (start uint64, state byte, err error) {
	b, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return 0, 0, err
	}
	return parseStat(string(b))
}

// parseStat reads start time and state from a stat line. The name may hold
// blanks and brackets, so fields are counted from its last closing one.
func parseStat(line string) (start uint64, state byte, err error) {
	_, rest, ok := cutLast(line, ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 20 {
		return 0, 0, fmt.Errorf("unexpected stat line %q", line)
	}
	start, err = strconv.ParseUint(f[19], 10, 64)
	return start, f[0][0], err
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func procFile(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }

func allPIDs() []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// selfAndAncestors are never ended: Down may be run from a lab's own shell.
func selfAndAncestors() map[int]bool {
	out := map[int]bool{1: true}
	for pid := os.Getpid(); pid > 1 && !out[pid]; pid = parentOf(pid) {
		out[pid] = true
	}
	return out
}

func parentOf(pid int) int {
	b, _ := os.ReadFile(procFile(pid, "stat"))
	_, rest, _ := cutLast(string(b), ") ")
	if f := strings.Fields(rest); len(f) > 1 {
		parent, _ := strconv.Atoi(f[1])
		return parent
	}
	return 0
}
