package shim

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/freezer"
)

// mark is a variable by which a command's processes are found again, wherever
// they have gone in the tree: they inherit it.
func mark(id string) string { return "LULL_EXEC=" + id }

// marked are the processes of the container that carry a command's mark and
// have not ended.
func (r runner) marked(ctx context.Context, id string) ([]int, error) {
	pid, err := stock{service: r.service, id: r.c.ID}.Pid(ctx)
	if err != nil || pid == 0 {
		return nil, err
	}
	f, err := freezer.Of(pid)
	if err != nil {
		return nil, err
	}
	pids, err := f.Pids()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pids, func(pid int) bool { return !carries(pid, id) }), nil
}

// carries is false for a process that is gone, or that is a zombie: its
// environment is empty.
func carries(pid int, id string) bool {
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && slices.ContainsFunc(bytes.Split(env, []byte{0}), func(kv []byte) bool { return string(kv) == mark(id) })
}

// killMarked kills a process by a handle on it, so that a number that was given
// to another one meanwhile kills nobody.
func killMarked(pid int, id string) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return // gone
	}
	defer unix.Close(fd)
	if carries(pid, id) {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}
