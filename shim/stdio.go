package shim

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"

	"github.com/lull-containers/lull/shim/logpipe"
)

// logTime is how long a reader of the log is waited for at the end.
const logTime = 5 * time.Second

// interpose puts a pipe before each fifo of the client's, so that a log which
// nobody reads blocks nothing.
func (t *task) interpose(r *taskAPI.CreateTaskRequest) error {
	t.stdin, t.stdout, t.stderr = r.Stdin, r.Stdout, r.Stderr
	endedInput(r)
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
		t.undo.Push("the log pipe of "+name, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, logTime)
			defer cancel()
			return p.Close(ctx)
		})
		t.pipes = append(t.pipes, p)
		*path = p.Private
	}
	return nil
}

// endedInput gives a restored process an input that is at its end where it had
// a pipe and the client names none: runc would hand it the host's /dev/null,
// whose mount the next dump does not find.
func endedInput(r *taskAPI.CreateTaskRequest) {
	if r.Checkpoint == "" || r.Stdin != "" || r.Terminal {
		return
	}
	data, err := os.ReadFile(filepath.Join(r.Checkpoint, "descriptors.json"))
	if err != nil {
		return // runc will say so
	}
	var was []string
	if json.Unmarshal(data, &was) == nil && len(was) > 0 && strings.HasPrefix(was[0], "pipe:") {
		r.Stdin = os.DevNull
	}
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
