package agent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// harden makes the process safe to hold a password: no core dump, nobody of
// the same uid can trace it or read its memory, no new privileges.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("dumpable: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core limit: %w", err)
	}
	return noNewPrivs()
}

// noNewPrivs is a matter of each thread. Start's client sets it before it
// forks, so that all of ours have it; by hand it works without cgo only.
func noNewPrivs() error {
	has, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err == nil && has == 1 {
		return nil
	}
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w; this command is started by lull itself", errno)
	}
	return nil
}

// confine lets the process grow by so many bytes; beyond them it dies.
func confine(memory int64) error {
	now, err := dataSize()
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(memory / 4 * 3)
	limit := uint64(now + memory)
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("memory limit: %w", err)
	}
	return nil
}

// dataSize is what the kernel counts against RLIMIT_DATA, in bytes.
func dataSize() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(status, []byte("\nVmData:"))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("no VmData in /proc/self/status")
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib << 10, err
}
