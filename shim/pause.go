package shim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	taskAPI "github.com/containerd/containerd/api/runtime/task/v3"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/log"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/internal/state"
)

// execPatience is how long a pause waits at least for exec'd processes to end:
// a health check is one.
const execPatience = time.Second

// Pause quiesces within its budget and freezes. It never fails because of what
// lull cannot do: docker commit would go on with a running container. Nor does it
// take longer than the budget: docker pause holds dockerd's lock, and so does not
// wait for somebody else's checkpoint for longer than another budget.
func (s *Service) Pause(ctx context.Context, r *taskAPI.PauseRequest) (*emptypb.Empty, error) {
	t := s.of(r.ID)
	if t == nil {
		return s.TTRPCTaskService.Pause(ctx, r)
	}
	if err := t.pauseTurn(ctx); err != nil {
		return nil, fail(err)
	}
	defer t.turn.Unlock()
	if !t.running(ctx) || t.cut != nil {
		return s.TTRPCTaskService.Pause(ctx, r)
	}
	return reply(t.pause(detached(ctx)))
}

func (t *task) running(ctx context.Context) bool {
	st, err := t.inner.State(ctx, &taskAPI.StateRequest{ID: t.c.ID})
	return err == nil && st.Status == tasktypes.Status_RUNNING
}

// pause makes a cut up to the freeze. On error nothing is frozen.
func (t *task) pause(ctx context.Context) error {
	i, images := t.announced(ctx), ""
	if i.Leash != "" {
		images = imagesOfContainerd()
	}
	return t.pauseFor(ctx, i, images)
}

// pauseFor is pause with what a client announced. Images is the folder that a
// checkpoint's are going to be in; empty: no checkpoint is known to follow.
func (t *task) pauseFor(ctx context.Context, i intent.Intent, images string) error {
	c := t.intended(i)
	private := c.Network.Mode == engine.NetworkPrivate
	if private {
		c = without(c)
	}
	cut := engine.NewCut(c, stock{service: t.inner, id: c.ID}, t.sessions())
	if private {
		cut.Obstacle(errPrivate)
	}
	if !private {
		if err := t.prepare(ctx, cut, i, images); err != nil {
			return err
		}
	}
	t.gate.close("is being checkpointed")
	t.phase(state.Quiescing)
	t.quiesce(ctx, cut, c.Settings.PauseBudget)
	if err := cut.Freeze(ctx); err != nil {
		t.gate.open()
		t.phase(state.Open)
		return errors.Join(err, cut.DropPrecopy())
	}
	t.cut, t.leash, t.thawed = cut, i.Leash, false
	if t.leash != "" {
		t.arm(ctx)
	}
	t.set(func(r *state.Record) { frozenRecord(r, cut) })
	return nil
}

// errPrivate: no agent can be born in that network namespace, and none must
// speak to the host's instead; and a restore would find lo down.
var errPrivate = errors.New("the container has a user namespace and its network namespace inside it, which cannot be restored; " +
	"run it without a user namespace")

// without is the container with a freeze alone.
func without(c *engine.Container) *engine.Container {
	bare := *c
	bare.Settings.Mode = "none"
	return &bare
}

// announced takes what a client said about the next pause, or about the dump.
func (t *task) announced(ctx context.Context) intent.Intent {
	i, _, err := intent.Take(t.c.Paths.StateDir, t.c.Namespace, t.c.ID, time.Now())
	if err != nil {
		log.G(ctx).WithError(err).WithField("id", t.c.ID).Warn("lull: announced settings")
	}
	return i
}

// intended is the container with the settings that a client announced for this
// one pause.
func (t *task) intended(i intent.Intent) *engine.Container {
	c := *t.c
	c.Settings.Mode = cmp.Or(i.Mode, c.Settings.Mode)
	c.Settings.PauseBudget = cmp.Or(i.Budget, c.Settings.PauseBudget)
	return &c
}

// precopyTime bounds a pre-copy; what it did not copy the capture copies.
const precopyTime = time.Hour

// imagesOfContainerd is where it has a checkpoint written that it packs, as far
// as its environment, which it has passed on, tells.
func imagesOfContainerd() string {
	return filepath.Join(cmp.Or(os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()), "ctrd-checkpoint")
}

// prepare is what comes before the pause of a checkpoint: is there the room for
// it, and copies of the volumes, for a client that wants them.
func (t *task) prepare(ctx context.Context, cut *engine.Cut, i intent.Intent, images string) error {
	switch {
	case i.Precopy:
		return t.precopy(ctx, cut, i.Leash, images)
	case images != "":
		return cut.Room(ctx, images)
	}
	return nil
}

// precopy copies the volumes before the pause proper, for a client that
// announced a checkpoint, for as long as it is wanted. Execs go on meanwhile.
func (t *task) precopy(ctx context.Context, cut *engine.Cut, leash, images string) error {
	ctx, done := t.quiescing(ctx, precopyTime)
	defer done()
	ctx, cancel := intent.Leashed(ctx, leash)
	defer cancel()
	ctx, done = t.copying(ctx)
	defer done()
	t.phase(state.Copying)
	err := cut.Precopy(ctx, images)
	if err == nil {
		return nil
	}
	t.phase(state.Open)
	if gave := context.Cause(ctx); errors.Is(gave, errGaveWay) {
		return fmt.Errorf("%w (%v)", gave, err) //nolint:errorlint // the cancellation is lull's own
	}
	return err
}

func frozenRecord(r *state.Record, cut *engine.Cut) {
	r.Phase, r.Cgroup, r.Level, r.Error = state.Frozen, string(cut.Freezer()), string(cut.Level()), ""
	if v := cut.Version(); v != "" {
		r.Version = v
	}
	if err := cut.Reason(); err != nil {
		r.Error = err.Error()
	}
}

func (t *task) quiesce(ctx context.Context, cut *engine.Cut, budget time.Duration) {
	ctx, done := t.quiescing(ctx, budget)
	defer done()
	patience, cancel := context.WithTimeout(ctx, max(execPatience, budget/4))
	defer cancel()
	if n := t.awaitExecs(patience); n > 0 {
		cut.Obstacle(fmt.Errorf("%d exec'd processes still run in the container; wait until they have ended, or end them", n))
	}
	cut.Quiesce(ctx)
}
