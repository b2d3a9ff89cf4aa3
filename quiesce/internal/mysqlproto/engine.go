package mysqlproto

import (
	"context"
	"time"

	"github.com/lull-containers/lull/manifest"
)

// Engine is what MySQL and MariaDB do each in its own way.
type Engine interface {
	// Name is as in the label lull/engine, Product is for people.
	Name() string
	Product() string
	// Oldest and Untested bound the versions, as in Session.Number.
	Oldest() int
	Untested() int
	// Privileges are what the account needs on *.*, in the words of GRANT.
	Privileges() []string
	// Busy refuses a server that somebody else has locked.
	Busy(ctx context.Context, s *Session) error
	// Limit is the statement that bounds every later SELECT of a connection; 0
	// is the server's own bound.
	Limit(d time.Duration) string
	// Writers is the query of WriterColumns for the sessions with an open
	// transaction that writes.
	Writers(ctx context.Context, s *Session) (Query, error)
	// Changes are the global variables that a flush sets.
	Changes(ctx context.Context, s *Session) ([]Change, error)
	// Checkpoint is the statement that makes and awaits a checkpoint; empty
	// where none can be ordered.
	Checkpoint(ctx context.Context, s *Session) (string, error)
	// Log tells how far the redo log was written, and checkpointed, and what of
	// it is written nowhere else.
	Log(ctx context.Context, s *Session) (Log, error)
	// NoWait is what LOCK TABLES ends in to fail instead of waiting, if it can.
	NoWait() string
	// Busiest are the tables written to most, or last, as schema and name: a
	// lock that waits for one of them has a connection of its own.
	Busiest(ctx context.Context, s *Session) ([][2]string, error)
	// Guard are the statements that hold back what changes tables, and those
	// that let it go.
	Guard() (hold, letGo []string)
	// Identity and Position are evidence, as in manifest.Database. Variables has
	// server_uuid and server_id, where the server does.
	Identity(ctx context.Context, s *Session, variables map[string]string) (map[string]string, error)
	Position(ctx context.Context, s *Session) (map[string]string, error)
	// TableFiles is the query for the files of InnoDB's tables, of one column,
	// path.
	TableFiles(s *Session) string
	// Upstreams are the servers that this one replicates from.
	Upstreams(ctx context.Context, s *Session) ([]manifest.Lineage, error)
	// Reached is whether a set of GTIDs that the server has now holds what it
	// had.
	Reached(ctx context.Context, s *Session, was, is string) (bool, error)
}

// Query is a query whose answer the server may keep for a while.
type Query struct {
	SQL    string
	Cached bool // for a tenth of a second after the last look, as InnoDB's transactions are
}

// Change is a global variable, and what a flush sets it to.
type Change struct {
	Variable    string
	Prior, Ours string
}

// Log is how far the redo log is, in bytes since the database was made.
type Log struct {
	Current, Checkpoint uint64
	// Lag is what the checkpoint may stay behind by when every page of before
	// it is written.
	Lag uint64
	// Clean: no page is dirty.
	Clean bool
}

// reaches is true when every page of before goal is written, as far as the
// checkpoint tells.
func (l Log) reaches(goal uint64) bool { return goal > 0 && l.Checkpoint+l.Lag >= goal }
