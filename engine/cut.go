package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/internal/procs"
	"github.com/lull-containers/lull/manifest"
)

// Cut is one checkpoint in the making. Its methods come in the order Quiesce,
// Freeze, Dump, Thaw; they are not safe for concurrent use. Whatever goes
// wrong before Freeze costs the level, never the freeze.
type Cut struct {
	c        *Container
	runtime  Runtime
	sessions Sessions
	rec      *recorder
	pre      *precopied // until a dump takes it over; nil: nothing was copied before

	pid     int
	freezer freezer.File
	opening Opening // nil before and without quiesce
	session Session // nil before, after and without quiesce
	frozen  time.Time
	thawed  time.Time // zero: not yet
	until   time.Time // the end of the pause's budget; zero before Quiesce

	level       manifest.Level
	fenced      bool
	unfenced    error // why the fence that was asked for does not stand
	reason      error // why the level is not the one wanted
	warnings    []string
	db          manifest.Database
	tx          manifest.Transactions
	held        []manifest.Held
	validations []manifest.Validation
	lasting     []manifest.Held // of ours that outlives the session; in the journal
	network     manifest.Network
	proof       time.Time   // of the last answered ping
	obstacle    error       // what makes a dump impossible
	sockets     procs.Table // of the network namespace, as surveyed
	rings       bool        // some process had rings of native AIO at the preflight
	idle        *criu.AIO   // native AIO with nothing under way; nil: that is not known
	busy        error       // why it is not
	unsaved     error       // what the image would lack without a word

	poison   sync.Mutex
	ended    bool               // guarded by poison
	poisoned string             // why the checkpoint can never be sealed; guarded by poison
	dumps    []target           // of this cut; guarded by poison
	stop     context.CancelFunc // of the dump under way; guarded by poison
}

// NewCut begins a checkpoint of c.
func NewCut(c *Container, r Runtime, s Sessions) *Cut {
	return &Cut{
		c: c, runtime: r, sessions: s,
		rec:      newRecorder("checkpoint"),
		level:    manifest.CrashConsistent,
		warnings: c.Warnings,
		db:       manifest.Database{Engine: c.Found.Engine, DetectedBy: c.Found.By},
	}
}

// Level that was reached so far.
func (k *Cut) Level() manifest.Level { return k.level }

// Reason why the level is less than was wanted; nil when it is not.
func (k *Cut) Reason() error { return k.reason }

// Version of the server, once it was asked.
func (k *Cut) Version() string { return k.db.Version }

// Pid of the container's init process, known after Freeze.
func (k *Cut) Pid() int { return k.pid }

// Freezer of the container, known after Freeze.
func (k *Cut) Freezer() freezer.File { return k.freezer }

// Obstacle says what makes a dump impossible; Dump refuses with it.
func (k *Cut) Obstacle(err error) { k.obstacle = err }

func (k *Cut) warn(text string) { k.warnings = append(k.warnings, text) }

// locate finds the container's init process and its freezer.
func (k *Cut) locate(ctx context.Context) (err error) {
	if k.pid, err = k.runtime.Pid(ctx); err != nil {
		return err
	}
	k.freezer, err = freezer.Of(k.pid)
	return err
}

// processes of the container, its init process first.
func processes(f freezer.File, init int) ([]int, error) {
	pids, err := f.Pids()
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(pids, func(pid int) bool { return pid == init })
	return append([]int{init}, others...), nil
}
