package store

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/containerd/containerd/api/types"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/cio"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/cleanup"
)

// Start makes the container's task from the checkpoint's memory, with its
// output in a log file so that nobody has to read along, and starts it. The
// memory is in a folder, if Unpack has put it there; else containerd unpacks
// it. When the task is there and nothing of it runs yet, created is asked; its
// error ends it. Killing and deleting the task is pushed on undo.
func (c *Checkpoint) Start(ctx context.Context, made containerd.Container, memory, logFile string, created func() error, undo *cleanup.Stack) (containerd.Task, error) {
	undo.Push("task "+made.ID(), func(ctx context.Context) error { return end(ctx, made) })
	from := containerd.NewTaskOpts(c.withMemory)
	if memory != "" {
		from = containerd.WithRestoreImagePath(memory)
	}
	task, err := made.NewTask(ctx, logTo(logFile), from)
	if err != nil {
		return nil, err
	}
	if err := created(); err != nil {
		return nil, err
	}
	return task, task.Start(ctx)
}

// logTo has the shim copy a task's output into a file: with fifos, a task blocks
// as soon as nobody reads them.
func logTo(path string) cio.Creator {
	return func(id string) (cio.IO, error) {
		io, err := cio.LogFile(path)(id)
		return withInput{io}, err
	}
}

// withInput is a task's IO with an input that is at its end. Without one runc
// hands the restored process the host's /dev/null in the place of the pipe that
// it had, and the next checkpoint fails on it.
type withInput struct{ cio.IO }

// Config adds the input.
func (w withInput) Config() cio.Config {
	c := w.IO.Config()
	c.Stdin = os.DevNull
	return c
}

// withMemory makes a new task continue from the checkpoint.
func (c *Checkpoint) withMemory(_ context.Context, _ *containerd.Client, info *containerd.TaskInfo) error {
	d, ok := c.Memory()
	if !ok {
		return ErrNoCheckpoint
	}
	info.Checkpoint = &types.Descriptor{
		MediaType: d.MediaType, Size: d.Size, Digest: d.Digest.String(), Annotations: d.Annotations,
	}
	return nil
}

// end kills and deletes the container's task, if it has one, in whatever state.
func end(ctx context.Context, made containerd.Container) error {
	const pause = 20 * time.Millisecond
	for {
		err := kill(ctx, made)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

func kill(ctx context.Context, made containerd.Container) error {
	task, err := made.Task(ctx, nil)
	if err != nil {
		return ignoreGone(err)
	}
	killed := ignoreGone(task.Kill(ctx, unix.SIGKILL, containerd.WithKillAll))
	if _, err = task.Delete(ctx); ignoreGone(err) != nil {
		return errors.Join(killed, err) // it may still be dying
	}
	return nil
}
