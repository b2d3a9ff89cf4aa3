// Package quiesce is the contract between the checkpoint sequence and one
// database: flush, drain, fence, evidence before the freeze; verify after a
// restore. Drivers live in subpackages, run in an agent process of their own
// and are listed explicitly in cmd.
package quiesce

import (
	"context"
	"net/netip"
	"time"

	"github.com/lull-containers/lull/manifest"
)

// Target is what a driver is told about the database. It crosses a pipe as
// JSON and carries secrets: never log it.
type Target struct {
	Engine string `json:"engine"`
	// Listeners are TCP listeners whose sockets belong to the container's own
	// processes, loopback-reachable first. A driver connects to no other.
	Listeners []netip.AddrPort `json:"listeners"`
	// LocalPorts, when not empty, are the source ports to bind: while the
	// network is closed only they pass.
	LocalPorts []uint16          `json:"local_ports,omitempty"`
	Args       []string          `json:"args,omitempty"` // of the container's init process; a password may be among them
	Env        map[string]string `json:"env"`            // of the container's init process
	Labels     map[string]string `json:"labels"`         // lull/… only
	User       string            `json:"user,omitempty"`
	Password   string            `json:"password,omitempty"`
	Database   string            `json:"database,omitempty"`
}

// Policy says what happens to write transactions that outlive the drain.
type Policy string

// The policies of lull/in-flight.
const (
	Keep      Policy = "keep"      // they stay in the image and roll back when their connection closes
	Abort     Policy = "abort"     // the checkpoint is given up
	Terminate Policy = "terminate" // their sessions are ended
)

// Driver opens sessions with one kind of database.
type Driver interface {
	// Name is the engine's name as in the label lull/engine.
	Name() string
	// Open connects. It fails with ErrNotReady while the server starts.
	Open(ctx context.Context, t Target) (Session, error)
}

// Session is one conversation around one freeze, or one verification. The
// calls come in the order of the interfaces below; Close comes last, always,
// and whatever the session holds must die with its connections even when the
// process is killed instead.
type Session interface {
	Preflighter
	Releaser
	Quiescer
	Witness
	Close() error
}

// Preflighter refuses what cannot work, before anything is touched.
type Preflighter interface {
	Preflight(ctx context.Context) (Report, error)
}

// Releaser is about what does not die with the session: a pause that expires, a
// counted lock, a server variable. The sequence keeps the plan in a journal
// from before the first change until it is released.
type Releaser interface {
	// Plan tells, before anything is changed, what Flush will change, and
	// Fence with fence set, that outlives the session. It changes nothing.
	Plan(ctx context.Context, fence bool, hold time.Duration) ([]manifest.Held, error)
	// Release undoes each of held by compare-and-set: only what still is as we
	// set it, and only as often as we did. It is idempotent, takes what is
	// released already for a success, and runs on the original, on a warm copy
	// and on a cold one.
	Release(ctx context.Context, held []manifest.Held) error
}

// Quiescer brings the database to the point where a freeze is cheap and clean.
type Quiescer interface {
	// Flush makes a cold start from the cut short. It is verified, not slept
	// for, and called again under a fence.
	Flush(ctx context.Context) error
	// Drain waits, bounded, for the write transactions that are open when it begins.
	Drain(ctx context.Context, wait time.Duration, p Policy) (manifest.Transactions, error)
	// Fence holds writers back with locks that die with the session or by
	// themselves after hold; never a setting that outlives both.
	Fence(ctx context.Context, hold time.Duration) ([]manifest.Held, error)
	// Ping proves that the fence still stands.
	Ping(ctx context.Context) error
}

// Witness reads what a restore must find again, and checks it there.
type Witness interface {
	// Evidence reads identity, position, role, lineage and durability.
	Evidence(ctx context.Context) (manifest.Database, error)
	// InFlight counts the write transactions open now.
	InFlight(ctx context.Context) (int, error)
	// Verify compares the live server with what was recorded. It waits for
	// readiness until ctx ends and returns the differences that break the promise.
	Verify(ctx context.Context, recorded manifest.Database) (Verdict, error)
}

// IOWitness is a session whose server counts its requests to storage. It is
// asked where the kernel does not tell: a dump forgets requests of native AIO
// that are under way.
type IOWitness interface {
	// PendingIO counts the requests that are under way now. Zero is a proof as
	// of some moment during the call; ErrUnsupported says that it is not known.
	PendingIO(ctx context.Context) (int, error)
}

// Executor is a session that runs statements of the user's, in a restored copy
// before its clients enter: other passwords, no scheduler.
type Executor interface {
	// Execute runs them one after the other and stops at the first that fails.
	// What they say is in no error: a password may be in it.
	Execute(ctx context.Context, statements string) error
}

// Report is what preflight saw.
type Report struct {
	Version  string   `json:"version"`
	Role     string   `json:"role"`
	Warnings []string `json:"warnings,omitempty"`
}

// Verdict is the outcome of a verification. Broken is empty when all holds.
type Verdict struct {
	Checked []string `json:"checked"` // one line per fact that was compared
	Broken  []string `json:"broken,omitempty"`
}
