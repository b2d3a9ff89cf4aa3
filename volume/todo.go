package volume

import (
	"context"
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var errTodo = errors.New("volume: not written yet")

// CaptureOptions of a capture.
type CaptureOptions struct {
	// Hash computes the sha256 of what is copied anyway, in the same pass.
	Hash bool
	// CrossMounts enters mount points below the root.
	CrossMounts bool
	// MaxCopy bounds the bytes that are really copied; cloned ones are free. 0: no bound.
	MaxCopy int64
	// Synced as in Options.
	Synced bool
}

// Result is a capture that is not published yet.
type Result struct {
	List   *List  // of the source
	Method string // copy, reflink
	Bytes  int64  // of regular files
	Copied int64  // bytes that had to be copied
}

// Capture copies src into a temp folder beside dst. Publish makes it dst.
func Capture(ctx context.Context, src, dst string, o CaptureOptions) (*Result, error) {
	return nil, errTodo
}

// Publish makes the capture durable and renames it to dst. It may be called
// after the thaw. Files whose contents were cloned are hashed first.
func (r *Result) Publish(ctx context.Context) error { return errTodo }

// Discard removes an unpublished capture.
func (r *Result) Discard() error { return errTodo }

// Prune removes what killed captures left in a store, and names it.
func Prune(ctx context.Context, store string) ([]string, error) { return nil, errTodo }

// Pair is one capture and the folder that it is put back to.
type Pair struct {
	Capture string
	Dst     string
	List    *List // when given, the staged copy must match it: ErrCapture
}

// PutBackOptions of a put back.
type PutBackOptions struct {
	// Step is called between the steps, for failpoints. An error undoes.
	Step func(step string) error
}

// Rollback is a put back that is neither committed nor undone.
type Rollback struct{}

// PutBack makes every folder equal to its capture, all or none.
func PutBack(ctx context.Context, pairs []Pair, o PutBackOptions) (*Rollback, error) {
	return nil, errTodo
}

// Commit drops what was kept aside.
func (r *Rollback) Commit(ctx context.Context) error { return errTodo }

// Undo brings back what was kept aside.
func (r *Rollback) Undo(ctx context.Context) error { return errTodo }

// Aside names the folders that keep the present contents.
func (r *Rollback) Aside() []string { return nil }

// Outcome of a recovery.
type Outcome string

// The outcomes.
const (
	Nothing Outcome = "nothing" // no put back was under way
	Old     Outcome = "old"     // the contents are those from before
	New     Outcome = "new"     // the contents are the capture's
)

// Recover ends a put back that a kill interrupted. The caller has the lease.
func Recover(ctx context.Context, dst string) (Outcome, error) { return "", errTodo }

// Holder is who lives on a data folder.
type Holder struct {
	Container string `json:"container"`
	Namespace string `json:"namespace"`
	PID       int    `json:"pid"` // of the container's init process; 0: not started yet
}

// LeaseError says who has the data folder. Its class is ErrLeased.
type LeaseError struct {
	DataDir string
	Holder  Holder
}

// Error is one line with the ways out.
func (e *LeaseError) Error() string { return "" }

// Lease is the right to run a server on a data folder.
type Lease struct{}

// AcquireLease takes the lease of dataDir, without waiting.
func AcquireLease(stateDir, dataDir string, h Holder) (*Lease, error) { return nil, errTodo }

// Record names the init process once it is known.
func (l *Lease) Record(pid int) error { return errTodo }

// Release gives the lease up.
func (l *Lease) Release() error { return errTodo }

// Kind of a root.
type Kind string

// The kinds, as in manifest.Volume.
const (
	Bind  Kind = "bind"
	RW    Kind = "rw"
	Tmpfs Kind = "tmpfs"
)

// Root is one folder that the database's files live in.
type Root struct {
	Kind        Kind
	Destination string // in the container, symlinks resolved
	Source      string // on the host, symlinks resolved; empty for tmpfs
}

// Layout is where a database's files are.
type Layout struct {
	Roots []Root
	Notes []string // what was left out, and why; one line each
}

// Mounts finds the host folders behind data folders of a container.
func Mounts(mounts []specs.Mount, rootfs string, folders []string) (Layout, error) {
	return Layout{}, errTodo
}
