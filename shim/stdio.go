package shim

import (
	"context"
	"net/url"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"

	"github.com/lull-containers/lull/shim/logpipe"
)

// interpose puts a pipe before each fifo of the client's, so that a log which
// nobody reads blocks nothing.
func (t *task) interpose(r *taskAPI.CreateTaskRequest) error {
	t.stdout, t.stderr = r.Stdout, r.Stderr
	if r.Terminal {
		return nil
	}
	for name, path := range map[string]*string{"stdout": &r.Stdout, "stderr": &r.Stderr} {
		if !isFifo(*path) {
			continue
		}
		p, err := logpipe.New(t.c.Paths.State, name, *path)
		if err != nil {
			return err
		}
		t.undo.Push("the log pipe of "+name, func(context.Context) error { return p.Close() })
		t.pipes = append(t.pipes, p)
		*path = p.Private
	}
	return nil
}

// isFifo: other destinations are URIs of files and logging programs.
func isFifo(path string) bool {
	u, err := url.Parse(path)
	return path != "" && err == nil && (u.Scheme == "" || u.Scheme == "fifo")
}

// releasePipes lets the pipes end with the container's own output.
func (t *task) releasePipes() {
	for _, p := range t.pipes {
		p.Release()
	}
}
