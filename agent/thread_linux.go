package agent

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/thread"
)

// onThread runs f on a thread inside the network namespace at path (empty:
// the present one), with no_new_privs set, which processes that f starts
// inherit. The thread is thrown away afterwards: it serves nobody else.
func onThread(path string, f func() error) error {
	return thread.Discard(func() error {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("no_new_privs: %w", err)
		}
		if path != "" {
			if err := netns.Enter(path); err != nil {
				return err
			}
		}
		return f()
	})
}
