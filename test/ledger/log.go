package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// logSchema names the format of a log file: one header line, then one line
// per event.
const logSchema = "lull.ledger/1"

type header struct {
	Ledger string    `json:"ledger"`
	Began  time.Time `json:"began"`
}

// Log records what clients send and what is answered, in memory and, line by
// line, in a writer. It is safe for many clients.
type Log struct {
	began time.Time // with its monotonic part

	mu       sync.Mutex
	out      io.Writer     // guarded by mu
	events   []Event       // guarded by mu
	attempts int64         // guarded by mu
	acked    map[int]int64 // guarded by mu: acknowledgements by client
	err      error         // guarded by mu: the first failed write
}

// NewLog begins a log that is also written to out, unless out is nil.
func NewLog(out io.Writer) *Log {
	l := &Log{began: time.Now(), out: out, acked: map[int]int64{}}
	l.write(header{Ledger: logSchema, Began: l.began.UTC()})
	return l
}

// CreateLog begins a log in a new file. Close ends it.
func CreateLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("acknowledgement log: %w", err)
	}
	return NewLog(f), nil
}

// Now is the time on the log's clock. Take it just before and just after
// whatever makes the cut.
func (l *Log) Now() time.Duration { return time.Since(l.began) }

// History is a copy of what was recorded so far.
func (l *Log) History() History {
	l.mu.Lock()
	defer l.mu.Unlock()
	return History{Began: l.began, Events: slices.Clone(l.events)}
}

// AckedBy counts the acknowledgements that a client received so far.
func (l *Log) AckedBy(client int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked[client]
}

// Close reports the first write that failed, and closes a file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.out.(io.Closer)
	l.out = nil
	if !ok {
		return l.err
	}
	if err := c.Close(); err != nil && l.err == nil {
		l.err = err
	}
	return l.err
}

// nextAttempt gives a number that no other attempt of this log has.
func (l *Log) nextAttempt() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts++
	return l.attempts
}

// record takes the time under the lock, so that the log is in order. A Sent
// is recorded before the commit leaves and an Acked after the answer came:
// both lean to the side that cannot accuse a correct database.
func (l *Log) record(k Kind, e Entry, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ev := Event{At: time.Since(l.began), Kind: k, Entry: e}
	if cause != nil {
		ev.Error = cause.Error()
	}
	if k == Acked {
		l.acked[e.Client]++
	}
	l.events = append(l.events, ev)
	l.write(ev)
}

// write appends one line. The caller holds mu, or nobody else has the log yet.
func (l *Log) write(v any) {
	if l.out == nil || l.err != nil {
		return
	}
	line, err := json.Marshal(v)
	if err == nil {
		_, err = l.out.Write(append(line, '\n'))
	}
	if err != nil {
		l.err = fmt.Errorf("acknowledgement log: %w", err)
	}
}
