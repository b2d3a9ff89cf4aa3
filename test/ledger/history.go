package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// History is a finished log.
type History struct {
	Began  time.Time // the wall clock's time of instant 0
	Events []Event   // in order of time
}

// Outcome is what a client knows of a commit.
type Outcome int

// The outcomes. A commit without an answer is in doubt.
const (
	InDoubt Outcome = iota
	Committed
	NotCommitted
)

// Attempt is one commit that was sent.
type Attempt struct {
	Entry
	Outcome  Outcome
	Sent     time.Duration // since the log began
	Answered time.Duration // since the log began; 0 while in doubt
}

// ReadLog decodes the log in a file.
func ReadLog(path string) (History, error) {
	f, err := os.Open(path)
	if err != nil {
		return History{}, fmt.Errorf("acknowledgement log: %w", err)
	}
	defer f.Close()
	h, err := Decode(f)
	if err != nil {
		return h, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// Decode reads a log. A last line that was torn when its writer was killed is
// left out; any other line that does not fit is an error that names it.
func Decode(r io.Reader) (History, error) {
	var h History
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return h, headerRead(n)
		}
		if err == nil {
			err = h.decodeLine(n, line)
		}
		if err != nil {
			return h, fmt.Errorf("acknowledgement log, line %d: %w", n, err)
		}
	}
}

func headerRead(n int) error {
	if n == 1 {
		return errors.New("acknowledgement log: it is empty")
	}
	return nil
}

func (h *History) decodeLine(n int, line []byte) error {
	if n == 1 {
		return h.decodeHeader(line)
	}
	var e Event
	if err := strict(line, &e); err != nil {
		return err
	}
	if err := e.valid(); err != nil {
		return err
	}
	if k := len(h.Events); k > 0 && e.At < h.Events[k-1].At {
		return errors.New("it is older than the line before it")
	}
	h.Events = append(h.Events, e)
	return nil
}

func (h *History) decodeHeader(line []byte) error {
	var head header
	if err := strict(line, &head); err != nil {
		return err
	}
	if head.Ledger != logSchema {
		return fmt.Errorf("the format is %q, not %q", head.Ledger, logSchema)
	}
	h.Began = head.Began
	return nil
}

func strict(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}

func (e Event) valid() error {
	switch {
	case !e.Kind.known():
		return fmt.Errorf("unknown kind %q", e.Kind)
	case e.At < 0:
		return errors.New("its time is negative")
	case e.Client < 0 || e.Seq < 0:
		return errors.New("a negative client or number")
	case e.Kind.concernsCommit() && (e.Attempt < 1 || e.Seq < 1):
		return errors.New("a commit without an attempt or a number")
	}
	return nil
}
