// Package thread runs a function on a thread that is thrown away afterwards,
// for what changes a thread for good: its namespaces, its privileges.
package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Discard runs f on a thread of its own, which serves nobody else afterwards.
// Processes that f starts inherit what f made of the thread. It is never the
// main thread: that one cannot be thrown away, and /proc/PID shows it.
func Discard(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() == unix.Getpid() {
			done <- Discard(f) // on another thread, while this one is held
			runtime.UnlockOSThread()
			return
		}
		done <- f()
	}()
	return <-done
}
