package shim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxOutput bounds what is kept of each of a command's outputs, in bytes; the
// rest is read and dropped.
const maxOutput = 4 << 10

// capture reads what a command prints, by two fifos.
type capture struct{ stdout, stderr *stream }

// stream is one fifo and the reader of it.
type stream struct {
	path     string
	in, hold *os.File // hold keeps the reader until the writer is there
	done     chan struct{}

	mu   sync.Mutex
	buf  []byte // guarded by mu
	rest bool   // there was more; guarded by mu
}

func newCapture(dir, id string) (_ *capture, err error) {
	c := &capture{}
	if c.stdout, err = newStream(filepath.Join(dir, id+".out")); err != nil {
		return nil, err
	}
	if c.stderr, err = newStream(filepath.Join(dir, id+".err")); err != nil {
		return nil, errors.Join(err, c.stdout.close())
	}
	return c, nil
}

func newStream(path string) (_ *stream, err error) {
	s := &stream{path: path, done: make(chan struct{})}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	if s.in, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	if s.hold, err = os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
		return nil, errors.Join(err, s.in.Close(), os.Remove(path))
	}
	go s.read()
	return s, nil
}

func (s *stream) read() {
	defer close(s.done)
	buf := make([]byte, 4<<10)
	for {
		n, err := s.in.Read(buf)
		s.keep(buf[:n])
		if err != nil {
			return
		}
	}
}

func (s *stream) keep(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := maxOutput - len(s.buf)
	if len(p) > room {
		p, s.rest = p[:room], true
	}
	s.buf = append(s.buf, p...)
}

func (s *stream) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.buf)
}

func (s *stream) more() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rest
}

func (s *stream) close() error {
	_ = s.hold.Close() // closed twice, as a rule
	err := errors.Join(s.in.Close(), os.Remove(s.path))
	<-s.done
	return err
}

// started lets the end of the command's output be the end.
func (c *capture) started() {
	for _, s := range []*stream{c.stdout, c.stderr} {
		_ = s.hold.Close()
	}
}

// await gives what was printed a moment to arrive. A daemon that the command
// started may keep the output open for good.
func (c *capture) await(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	for _, s := range []*stream{c.stdout, c.stderr} {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
	}
}

func (c *capture) close() error { return errors.Join(c.stdout.close(), c.stderr.close()) }
