// Package logpipe keeps a container from blocking on a log that nobody reads.
// A client such as ctr opens the fifos of a task, starts it and exits; once
// the pipe is full the next line that the database logs blocks it. A Pipe
// stands between the two: it passes everything on while somebody reads and
// spills into a bounded file while nobody does.
package logpipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Pipe interposes a private fifo before a public one.
type Pipe struct {
	Private string // fifo that the container's output goes to
	Public  string // fifo that the client reads

	hold *os.File // write end that keeps Private from ending too early
	in   *os.File
	out  *os.File
	log  *spill
	done sync.WaitGroup
	last atomic.Bool // nobody is waited for any more
	once sync.Once
}

// New makes the private fifo in dir and starts to pass on. Release must
// follow once the container's own writer is open, Close at the end.
func New(dir, name, public string) (_ *Pipe, err error) {
	p := &Pipe{Private: filepath.Join(dir, name), Public: public}
	p.log = &spill{path: p.Private + ".log"}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("log pipe: %w", err), p.closeFiles())
		}
	}()
	if err := os.Remove(p.Private); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := unix.Mkfifo(p.Private, 0o600); err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	p.done.Add(1)
	go p.pass()
	return p, nil
}

// open holds both ends of the public fifo, so that a reader that comes and
// goes is no event, and a write end of the private one until Release.
func (p *Pipe) open() (err error) {
	if p.in, err = os.OpenFile(p.Private, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	if p.hold, err = os.OpenFile(p.Private, os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
		return err
	}
	p.out, err = os.OpenFile(p.Public, os.O_RDWR|unix.O_NONBLOCK, 0)
	return err
}

// Release lets the end of the container's writers be the end of the pipe.
func (p *Pipe) Release() { p.once.Do(func() { p.hold.Close() }) }

// Close passes on what was written and removes the fifo. What a reader has not
// taken by the end of ctx is spilled.
func (p *Pipe) Close(ctx context.Context) error {
	p.Release()
	stop := context.AfterFunc(ctx, func() { p.last.Store(true) })
	defer stop()
	p.done.Wait()
	return p.closeFiles()
}

func (p *Pipe) closeFiles() error {
	for _, f := range []*os.File{p.in, p.hold, p.out} {
		if f != nil {
			f.Close() // the second close of hold and out is no error here
		}
	}
	return errors.Join(p.log.close(), os.Remove(p.Private))
}

// pass copies until the last writer is gone. The client sees the end then.
func (p *Pipe) pass() {
	defer p.done.Done()
	defer p.out.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := p.in.Read(buf)
		if n > 0 {
			p.deliver(buf[:n])
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.log.note(err)
			}
			return
		}
	}
}
