package agent

import (
	"errors"
	"fmt"
	"io"

	"github.com/lull-containers/lull/quiesce"
)

// server answers the requests of one client for one session.
type server struct {
	drivers []quiesce.Driver
	out     io.Writer
	confine func(memory int64) error

	session quiesce.Session // nil before open
	secrets []string        // never to be seen in an answer
}

// errClosed ends the worker after the answer to close.
var errClosed = errors.New("closed")

// serve returns as soon as in ends or the session is closed, whatever a
// driver is doing meanwhile. An error says what was wrong with the requests.
func (s *server) serve(in io.Reader) error {
	requests := make(chan request, 1)
	ended := make(chan error, 2)
	go func() { ended <- receive(in, requests) }()
	go func() { ended <- s.work(requests) }()
	if err := <-ended; err != nil && !errors.Is(err, errClosed) && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// receive passes on requests. A client sends its next request after the
// answer to the last one; more of them are none of a client of ours.
func receive(in io.Reader, requests chan<- request) error {
	from := newReceiver(in)
	for {
		var r request
		if err := from.next(&r); err != nil {
			return err
		}
		select {
		case requests <- r:
		default:
			return errors.New("more requests than answers")
		}
	}
}

func (s *server) work(requests <-chan request) error {
	for r := range requests {
		if err := s.reply(r); err != nil {
			return err
		}
		if r.Method == methodClose {
			return errClosed
		}
	}
	return nil
}

func (s *server) reply(r request) error {
	answer := response{ID: r.ID}
	result, err := s.guarded(r)
	if err == nil {
		answer.Result = result
	} else {
		answer.Error = toWire(err, s.secrets)
	}
	line, err := encode(answer)
	if err != nil {
		answer.Result, answer.Error = nil, toWire(broken("has too long an answer to "+r.Method, err), s.secrets)
		line, err = encode(answer)
	}
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	_, err = s.out.Write(line)
	return err
}
