package agent

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/lull-containers/lull/quiesce"
)

// maxStderr bounds what is passed on of a process's standard error, in bytes.
const maxStderr = 64 << 10

// Start starts an agent and opens its session with the target. It fails with
// the driver's own error when the database cannot be opened, and with
// ErrAgent when the process cannot do its work; no process is left then.
func Start(ctx context.Context, cfg Config, t quiesce.Target) (*Client, error) {
	return Begin(cfg).Open(ctx, t)
}

// pipes are the process's standard streams; near ends are ours.
type pipes struct{ near, far []*os.File }

// newPipes makes standard input, output and error, in this order.
func newPipes() (*pipes, error) {
	p := &pipes{}
	for i := range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			p.close()
			return nil, err
		}
		if i == 0 {
			r, w = w, r
		}
		p.near, p.far = append(p.near, r), append(p.far, w)
	}
	return p, nil
}

func (p *pipes) close() {
	closeAll(p.near)
	closeAll(p.far)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// launch starts the process and the goroutines that read from it.
func launch(cfg Config) (*Client, error) {
	p, err := newPipes()
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	cmd, wait, err := startProgram(cfg, p)
	if err != nil {
		p.close()
		return nil, broken("did not start", err)
	}
	closeAll(p.far)
	return newClient(cmd.Process, wait, p.near, cfg.Stderr), nil
}

func command(cfg Config, p *pipes) *exec.Cmd {
	return &exec.Cmd{
		Path:        cfg.Binary,
		Args:        []string{Program},
		Env:         []string{},
		Dir:         "/",
		Stdin:       p.far[0],
		Stdout:      p.far[1],
		Stderr:      p.far[2],
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Credential: credential(cfg)},
	}
}

// credential drops root; a caller without root has none to drop.
func credential(cfg Config) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: cfg.UID, Gid: cfg.GID}
}

// copyBounded passes on the first maxStderr bytes and drains the rest.
func copyBounded(to io.Writer, from io.ReadCloser) {
	defer from.Close()
	_, _ = io.Copy(to, io.LimitReader(from, maxStderr))
	_, _ = io.Copy(io.Discard, from)
}
