package ledger

import (
	"context"
	"errors"
)

// ErrRefused is wrapped by Session.Commit when the server itself said that
// nothing was committed. Any other error of Commit leaves the entry in doubt.
var ErrRefused = errors.New("the server did not commit")

// Store is one database that can keep a ledger.
type Store interface {
	// Setup makes an empty ledger with accounts 0 … accounts-1, in the place
	// of any that is there.
	Setup(ctx context.Context, accounts int) error
	// Connect opens the connection of one client.
	Connect(ctx context.Context) (Session, error)
	// Read gives the whole ledger as it is at one instant.
	Read(ctx context.Context) (State, error)
}

// Session is the connection of one client. After an error it is closed and
// never used again.
type Session interface {
	// Last is the highest number among the client's entries, 0 without any.
	Last(ctx context.Context, client int) (int64, error)
	// Stage does everything of the entry's transaction but its commit: the
	// entry, the two legs of its transfer, the two balances.
	Stage(ctx context.Context, e Entry) error
	// Commit sends the commit and waits for the answer.
	Commit(ctx context.Context) error
	// Close hangs up; what is staged is rolled back.
	Close()
}

// Row is an entry as it was read back.
type Row struct {
	Client  int
	Seq     int64
	Attempt int64
}

// Leg is one half of a transfer as it was read back.
type Leg struct {
	Attempt int64
	Account int
	Amount  int64 // negative for the account that pays
}

// State is the whole ledger as it was read back.
type State struct {
	Rows     []Row
	Legs     []Leg
	Balances map[int]int64 // by account
}
