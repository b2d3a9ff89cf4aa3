package ledger

import "time"

// Kind says what happened to a client.
type Kind string

// The kinds of events, in the order in which a client meets them.
const (
	Connected Kind = "connected" // Seq is the highest entry that the client found
	Sent      Kind = "sent"      // a commit is about to be sent
	Acked     Kind = "acked"     // the server said that it committed
	Refused   Kind = "refused"   // the server said that it did not commit
	Lost      Kind = "lost"      // no answer came: the entry is in doubt
	Failed    Kind = "failed"    // an error outside a commit
)

// Entry is one transaction: the client's next number, and a transfer.
type Entry struct {
	Client int   `json:"client"`
	Seq    int64 `json:"seq,omitempty"` // 1, 2, 3 … without a hole
	// Attempt is unique in a log and is stored with the entry: it tells an
	// entry from one that reused its number after a rollback.
	Attempt int64 `json:"attempt,omitempty"`
	From    int   `json:"from,omitempty"` // account
	To      int   `json:"to,omitempty"`   // account
	Amount  int64 `json:"amount,omitempty"`
}

// Event is one line of the acknowledgement log.
type Event struct {
	At   time.Duration `json:"at"` // nanoseconds since the log began, monotonic
	Kind Kind          `json:"kind"`
	Entry
	Error string `json:"error,omitempty"`
}

// concernsCommit tells the events of a commit from those of a connection.
func (k Kind) concernsCommit() bool {
	return k == Sent || k == Acked || k == Refused || k == Lost
}

func (k Kind) known() bool {
	return k.concernsCommit() || k == Connected || k == Failed
}
