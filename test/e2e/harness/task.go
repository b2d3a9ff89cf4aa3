package harness

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Status is the state of a container's task, in ctr's words.
type Status string

// The states of a task. A container without one has NoTask.
const (
	NoTask  Status = ""
	Created Status = "CREATED"
	Running Status = "RUNNING"
	Paused  Status = "PAUSED"
	Stopped Status = "STOPPED"
)

// task is one line of `ctr tasks ls`.
type task struct {
	pid    int
	status Status
}

// Status asks containerd.
func (c *Container) Status(t testing.TB) Status {
	t.Helper()
	s, err := c.status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// WaitStatus waits until the task is in one of these states.
func (c *Container) WaitStatus(t testing.TB, want ...Status) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		s, err := c.status(ctx)
		if err == nil && slices.Contains(want, s) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("container %s is %q (%v), not %q", c.ID, s, err, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// PID is the pid of the container's first process.
func (c *Container) PID(t testing.TB) int {
	t.Helper()
	pid, err := c.pid(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func (c *Container) pid(ctx context.Context) (int, error) {
	tasks, err := c.tasks(ctx)
	if err != nil {
		return 0, err
	}
	if pid := tasks[c.ID].pid; pid > 0 {
		return pid, nil
	}
	return 0, fmt.Errorf("container %s has no running process", c.ID)
}

func (c *Container) status(ctx context.Context) (Status, error) {
	tasks, err := c.tasks(ctx)
	return tasks[c.ID].status, err
}

func (c *Container) exists(ctx context.Context) (bool, error) {
	out, err := c.Daemon.Daemon.Ctr(ctx, "containers", "ls", "--quiet").Output()
	return slices.Contains(strings.Fields(string(out)), c.ID), err
}

func (c *Container) tasks(ctx context.Context) (map[string]task, error) {
	out, err := c.Daemon.Daemon.Ctr(ctx, "tasks", "ls").Output()
	if err != nil {
		return nil, fmt.Errorf("ctr tasks ls: %w", err)
	}
	return parseTasks(string(out))
}

// parseTasks reads the table TASK, PID, STATUS.
func parseTasks(table string) (map[string]task, error) {
	tasks := map[string]task{}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("ctr tasks ls: unexpected line %q", line)
		}
		pid, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, fmt.Errorf("ctr tasks ls: %w", err)
		}
		tasks[f[0]] = task{pid: pid, status: Status(f[2])}
	}
	return tasks, nil
}
