package volume

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var errTodo = errors.New("volume: not written yet")

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
