package quiescetest

import (
	"context"
	"testing"

	"github.com/lull-containers/lull/quiesce"
)

// Harness makes real servers of one engine. Its methods end the test when
// they fail.
type Harness interface {
	Driver() quiesce.Driver
	// Start starts a new server with an identity of its own on loopback. It
	// is stopped when t ends.
	Start(t *testing.T) Server
	// Starting starts a server that stays in the state of starting up.
	Starting(t *testing.T) quiesce.Target
}

// Server is one running server.
type Server interface {
	// Target has the right credentials. The password is worth searching for.
	Target() quiesce.Target
	// Client opens an application's connection, closed when t ends.
	Client(t *testing.T) Client
	// Waiting counts the applications' statements that wait for a lock.
	Waiting(t *testing.T) int
	// Residue lists what there is of lull's sessions, one line for each
	// connection and each lock or setting that they hold or wait for.
	Residue(t *testing.T) []string
	// Settings are all that outlives a session, to be compared.
	Settings(t *testing.T) string
	// Flushed changes with every flush.
	Flushed(t *testing.T) string
	// Crash kills the server and starts it again on its files.
	Crash(t *testing.T)
	// Copy starts a second server on a copy of the present files.
	Copy(t *testing.T) Server
}

// Client is an application's connection to one table that counts.
type Client interface {
	Begin(ctx context.Context) error
	Commit(ctx context.Context) error
	// Write adds one row, in the transaction if one is open.
	Write(ctx context.Context) error
	// Rows counts the rows that the client sees.
	Rows(ctx context.Context) (int, error)
}
