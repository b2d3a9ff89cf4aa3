package shim

import (
	"context"
	"os"
	"sync"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/log"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/shim/logpipe"
)

// task is one database container.
type task struct {
	c       *engine.Container
	inner   taskAPI.TTRPCTaskService
	host    Host
	gate    gate
	undo    cleanup.Stack // of what lasts as long as the task
	leases  []lease
	pipes   []*logpipe.Pipe
	stdin   string // the client's own name for its input
	stdout  string // the client's fifos, which the pipes stand before
	stderr  string
	restore *engine.Restore // between Create and Start of a restore
	image   string          // folder that this restore reads
	created time.Time       // the container, as its client has it; zero: unknown

	isolated bool // kept apart since before this task

	lost chan struct{} // closed when CRIU has failed to restore the process, with turn held

	turn     sync.Mutex  // held by Pause, Checkpoint, Resume and the watchdog
	cut      *engine.Cut // between Pause and Resume; guarded by turn
	leash    string      // of the client whose pause it is; empty: it told none; guarded by turn
	thawed   bool        // the watchdog did what Resume will ask for; guarded by turn
	watchdog *time.Timer // guarded by turn

	sealing sync.WaitGroup // checkpoints that have passed turn on; added to with turn held

	mu     sync.Mutex
	cancel context.CancelFunc      // of the quiesce under way; guarded by mu
	yield  context.CancelCauseFunc // of the pre-copy under way; guarded by mu
	cached *taskAPI.StateResponse  // answers State during a dump; guarded by mu
	holder *holder                 // of a restore's network namespace until it starts; guarded by mu
	record state.Record            // guarded by mu
	cgroup any                     // of a restored task, as containerd's cgroups know it; guarded by mu
}

// set changes the record that other processes read; a failure is only logged,
// because nothing of the container depends on it.
func (t *task) set(change func(*state.Record)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.record.Phase
	change(&t.record)
	if t.record.Phase != before {
		t.record.Since = time.Now().UTC()
	}
	if err := state.Write(t.c.Paths.State, t.record); err != nil {
		log.L.WithError(err).WithField("id", t.c.ID).Warn("lull: state record")
	}
}

func (t *task) phase(p state.Phase) { t.set(func(r *state.Record) { r.Phase = p }) }

func newRecord(c *engine.Container) state.Record {
	r := state.Record{
		ID: c.ID, Namespace: c.Namespace, Engine: c.Found.Engine, DetectedBy: c.Found.By,
		Phase: state.Open, Since: time.Now().UTC(), ShimPid: os.Getpid(),
		Bundle: c.Bundle, Warnings: c.Warnings, NetNS: c.Network.Path,
	}
	return r
}

// quiescing lets Kill end a quiesce early.
func (t *task) quiescing(ctx context.Context, budget time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(ctx, budget)
	t.mu.Lock()
	t.cancel = cancel
	t.mu.Unlock()
	return ctx, func() {
		t.mu.Lock()
		t.cancel = nil
		t.mu.Unlock()
		cancel()
	}
}

// interrupt ends a quiesce that is under way.
func (t *task) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel()
	}
}
