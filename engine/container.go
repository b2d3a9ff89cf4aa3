// Package engine is the two sequences, checkpoint and restore, and the ports
// that they need. Whoever drives it (the shim, a hook) supplies the ports.
package engine

import (
	"context"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/quiesce"
)

// Container is what the sequences know of one database container.
type Container struct {
	ID, Namespace string
	Bundle        string // folder of the OCI bundle
	Rootfs        string // mounted root file system
	Image         string // reference, as the client gave it
	Snapshotter   string
	Runtime       string            // name, as the client gave it
	Labels        map[string]string // the container's, as the client gave them
	Created       time.Time         // by the client; zero: unknown, or made anew for each start
	Spec          *specs.Spec
	Found         quiesce.Found
	Settings      config.Settings
	Credential    config.Credential // of the configuration file; labels go before
	Network       Network
	Paths         Paths
	Tools         func() Tools
	Warnings      []string // of detection and settings
}

// Tools are the versions of the runtime's programs; empty where unknown.
type Tools struct{ CRIU, Runc string }

// Network says which network namespace the container lives in.
type Network struct {
	Mode string // lull: ours; path: given by the spec; host
	Path string // of the namespace; empty for host
}

// The network modes.
const (
	NetworkLull = "lull"
	NetworkPath = "path"
	NetworkHost = "host"
	// NetworkPrivate is runc's own, inside a user namespace: a restore finds
	// lo down.
	NetworkPrivate = "private"
	// NetworkRuntime is the runtime's own: a hook brings lo up in a restore.
	NetworkRuntime = "runtime"
)

// Paths are the folders and files that lull keeps for a container.
type Paths struct {
	State    string // folder of runtime state
	StateDir string // all containers' runtime state
	Store    string // folder of captures
	CRIUConf string // CRIU configuration file
}

// Args are those of the container's init process; a password may be among them.
func (c *Container) Args() []string {
	if c.Spec.Process == nil {
		return nil
	}
	return c.Spec.Process.Args
}

// Env is the environment of the container's init process.
func (c *Container) Env() map[string]string {
	env := map[string]string{}
	if c.Spec.Process == nil {
		return env
	}
	for _, kv := range c.Spec.Process.Env {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
}

// LullLabels are the labels and annotations under lull/, without the prefix;
// a label wins over an annotation.
func (c *Container) LullLabels() map[string]string {
	return LullLabels(c.Labels, c.Spec.Annotations)
}

// hasCommands: lull/ready-exec and lull/release-exec speak to the service over
// loopback.
func (c *Container) hasCommands() bool {
	labels := c.LullLabels()
	return c.Found.Engine == quiesce.Exec || labels["ready-exec"] != "" || labels["release-exec"] != ""
}

// LullLabels merges lull/… keys, without the prefix, the first map winning.
func LullLabels(labels, annotations map[string]string) map[string]string {
	merged := map[string]string{}
	for _, m := range []map[string]string{annotations, labels} {
		for k, v := range m {
			if key, ok := strings.CutPrefix(k, quiesce.LabelPrefix); ok {
				merged[key] = v
			}
		}
	}
	return merged
}

// Runtime is the stock task service, for one container.
type Runtime interface {
	// Pid of the init process; 0 when there is none.
	Pid(context.Context) (int, error)
	Freeze(context.Context) error
	Thaw(context.Context) error
	// Stop ends the container at once.
	Stop(context.Context) error
}

// Dumper has CRIU write its images into the folder of the request.
type Dumper interface {
	Dump(context.Context) error
}

// Session is a conversation with the database, held by a process of its own.
type Session interface {
	quiesce.Session
	// Pid of the process that holds it.
	Pid() int
	// Kill ends that process at once: its connections die, and with them
	// whatever it held.
	Kill() error
}

// Sessions opens sessions.
type Sessions interface {
	// Begin begins what a session has to wait for, before it is known what to
	// open, and returns at once.
	Begin() Opening
}

// Opening is a session in the making.
type Opening interface {
	// Open opens the session. It is called once.
	Open(context.Context, quiesce.Target) (Session, error)
	// Drop ends what was begun and not opened; after Open it does nothing.
	Drop()
}
