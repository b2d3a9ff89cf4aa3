package agent

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread runs f on a thread inside the network namespace at path (empty:
// the present one), with no_new_privs set, which processes that f starts
// inherit. The thread is thrown away afterwards: it serves nobody else.
func onThread(path string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() == unix.Getpid() {
			// The main thread cannot be thrown away, and /proc/PID/ns shows
			// it: hold it while another thread does the work.
			done <- onThread(path, f)
			runtime.UnlockOSThread()
			return
		}
		done <- prepared(path, f)
	}()
	return <-done
}

func prepared(path string, f func() error) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if path != "" {
		if err := enter(path); err != nil {
			return err
		}
	}
	return f()
}

func enter(path string) error {
	ns, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w", path, err)
	}
	return nil
}
