package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Client is a quiesce.Session whose driver works in another process. Calls
// wait for each other; Kill and Pid may be called at any time. Every call
// ends when its context ends: the process is then killed, because nobody
// knows what a hanging driver holds, and later calls fail with ErrAgent.
type Client struct {
	process *os.Process
	pid     int
	stdin   io.WriteCloser

	turn chan struct{} // holds one token; its owner is the caller
	last uint64        // id of the last request; guarded by turn

	answers chan response // closed when standard output ends
	garbage error         // why it ended, nil for end of file; read after answers is closed
	reaped  chan struct{} // closed when the process is reaped
	exit    error         // of the process; read after reaped is closed

	hangUp sync.Once // closes stdin
}

// killTime bounds the wait for a killed process.
const killTime = 5 * time.Second

func newClient(p *os.Process, wait func() error, near []*os.File, stderr io.Writer) *Client {
	c := &Client{
		process: p,
		pid:     p.Pid, // Release forgets it
		stdin:   near[0],
		turn:    make(chan struct{}, 1),
		answers: make(chan response, 1),
		reaped:  make(chan struct{}),
	}
	c.turn <- struct{}{}
	go c.read(near[1])
	go c.reap(wait)
	go copyBounded(stderr, near[2])
	return c
}

func (c *Client) reap(wait func() error) {
	c.exit = wait()
	_ = c.process.Release() // an error means that wait has done it
	close(c.reaped)
}

// read passes on answers until the process is gone or says what is none.
func (c *Client) read(stdout io.ReadCloser) {
	defer stdout.Close()
	defer close(c.answers)
	from := newReceiver(stdout)
	for {
		var r response
		if err := from.next(&r); err != nil {
			c.stop(err)
			return
		}
		select {
		case c.answers <- r:
		default:
			c.stop(errors.New("an answer that nobody asked for"))
			return
		}
	}
}

// stop ends the process because of err, which is kept unless it is the end
// that the process's own death makes.
func (c *Client) stop(err error) {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.garbage = err
	}
	c.signal()
}

func (c *Client) signal() {
	c.hangUp.Do(func() { c.stdin.Close() })
	_ = c.process.Kill() // it may have ended by itself
}

// Pid is the process's id, also when it has ended.
func (c *Client) Pid() int { return c.pid }

// Kill ends the process by SIGKILL, in the middle of a call too, and returns
// when it is reaped. Its sockets are closed then, and with them whatever the
// session held in the database is let go. It fails with ErrAgent when the
// process is not reaped within five seconds.
func (c *Client) Kill() error {
	c.signal()
	select {
	case <-c.reaped:
		return nil
	case <-time.After(killTime):
		return broken(fmt.Sprintf("(pid %d) does not die", c.pid), nil)
	}
}

// call does one call within ctx.
func (c *Client) call(ctx context.Context, method string, params, result any) error {
	select {
	case <-c.turn:
	case <-ctx.Done():
		return broken("had no time for "+method, ctx.Err())
	}
	defer func() { c.turn <- struct{}{} }()
	if err := ctx.Err(); err != nil {
		return broken("had no time for "+method, err)
	}
	c.last++
	if err := c.send(ctx, method, params); err != nil {
		return err
	}
	return c.await(ctx, method, result)
}

func (c *Client) send(ctx context.Context, method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return broken("was not asked for "+method, err)
	}
	line, err := encode(request{ID: c.last, Method: method, Params: raw, Deadline: left(ctx)})
	if err != nil {
		return broken("was not asked for "+method, err)
	}
	stop := context.AfterFunc(ctx, c.signal) // a process that does not read
	defer stop()
	_, _ = c.stdin.Write(line) // a broken pipe shows as the end of the answers
	return nil
}

// left is the time for the driver in milliseconds: a little less than the
// caller has, so that a driver's own error arrives before the kill.
func left(ctx context.Context) int64 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	all := time.Until(deadline)
	return max(1, (all - min(all/10, 250*time.Millisecond)).Milliseconds())
}
