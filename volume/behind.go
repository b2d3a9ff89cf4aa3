package volume

import (
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/thread"
)

const (
	behindNice = 10
	// behindIO is the lowest of the kernel's best-effort classes for disks:
	// IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7).
	behindIO        = 2<<13 | 7
	ioprioOfProcess = 1 // IOPRIO_WHO_PROCESS, which is a thread here
)

// behind works where everybody else has the first claim on processors and disks.
// Where the kernel does not let us, it works all the same.
func behind(work func() error) error {
	return thread.Discard(func() error {
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, behindNice)
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioprioOfProcess, 0, behindIO)
		return work()
	})
}
