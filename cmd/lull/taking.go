package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// taking is one checkpoint under way.
type taking struct {
	*app
	client *containerd.Client
	s      *subject
	ref    string
	opts   checkpointOptions
	draft  *store.Draft
	undo   cleanup.Stack
	pauses bool // it was running, and runs again afterwards

	steps   stepClock
	frozen  time.Time // when the pause began
	stopped bool      // the dump ended the container
	done    taken
	image   *store.Checkpoint
}

const undoPause = "the pause"

// pauseTime bounds the pause; lull/pause-budget is what it normally takes at most.
const pauseTime = time.Minute

func newTaking(a *app, client *containerd.Client, s *subject, ref string, o checkpointOptions) *taking {
	return &taking{
		app: a, client: client, s: s, ref: ref, opts: o, draft: store.NewDraft(client, s.info),
		pauses: s.status == task.Status_RUNNING, steps: newStepClock(),
		done: taken{Ref: ref, Namespace: s.namespace, Container: s.info.ID, Exit: o.exit},
	}
}

// run takes the checkpoint. Whatever goes wrong, the container runs as before
// and no image is left.
func (t *taking) run(ctx context.Context) (taken, error) {
	err := t.steps.run(ctx, t.progress, []stage{
		{"announce", t.announce},
		{"pause", t.pause},
	})
	if err == nil {
		err = t.steps.run(t.pastReturn(ctx), t.progress, t.rest())
	}
	if err != nil {
		undone := t.undo.Run(ctx, resumeTime+cgroupTime)
		return t.done, errors.Join(t.asFailure(err), undone)
	}
	t.undo.Keep()
	t.done.Steps = t.steps.steps
	return t.done, nil
}

// pastReturn makes an interrupt wait where the dump ends the container: an
// image that was not written would be all that is left of it.
func (t *taking) pastReturn(ctx context.Context) context.Context {
	if t.opts.exit {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (t *taking) rest() []stage {
	return []stage{
		{"dump", t.dump},
		{"rw layer", t.draft.RW},
		{"resume", t.resume},
		{"base image", t.draft.Base},
		{"runtime", t.draft.Runtime},
		{"image", t.publish},
		{"read back", t.readBack},
	}
}

// asFailure gives an error without a code the one of this command.
func (t *taking) asFailure(err error) error {
	remedy := ""
	if t.stopped {
		remedy = t.s.info.ID + " was stopped by the dump; start it again"
	}
	var coder exitCoder
	_, coded := rpccode.Of(err)
	if class := codeOfClass(err); coded || errors.As(err, &coder) || class == exitTimeout || class == exitManifest {
		return withRemedy(err, remedy)
	}
	return &failure{code: exitCheckpoint, err: err, remedy: remedy}
}

// announce tells the shim what is special about this checkpoint.
func (t *taking) announce(context.Context) error {
	if t.opts.mode == "" || t.s.record == nil {
		return nil
	}
	cfg, err := t.config()
	if err != nil {
		return err
	}
	ns, id := t.s.namespace, t.s.info.ID
	t.undo.Push("the announcement", func(context.Context) error {
		_, _, err := intent.Take(cfg.StateDir, ns, id, time.Now())
		return err
	})
	return intent.Announce(cfg.StateDir, ns, id, intent.Intent{Mode: t.opts.mode, Expires: time.Now().Add(time.Minute)})
}

// pause does not end with ctx: one that is cancelled half-way would still
// happen, after everybody has stopped looking.
func (t *taking) pause(ctx context.Context) error {
	if !t.pauses {
		return nil // somebody else's pause is theirs to end
	}
	t.undo.Push(undoPause, t.takeBackPause)
	t.frozen = time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseTime)
	defer cancel()
	_, err := t.client.TaskService().Pause(ctx, &tasks.PauseTaskRequest{ContainerID: t.s.info.ID})
	return errgrpc.ToNative(err)
}

func (t *taking) dump(ctx context.Context) error {
	err := t.draft.Task(ctx, t.opts.exit)
	t.stopped = err == nil && t.opts.exit
	return err
}

// takeBackPause resumes without asking for the state first: the shim answers
// when what it is doing has ended, a dump included.
func (t *taking) takeBackPause(ctx context.Context) error {
	if t.stopped {
		return nil
	}
	t.progress("taking the pause back")
	resumed := resume(ctx, t.client, t.s.info.ID, resumeTime)
	if err := t.s.refresh(ctx, t.client); err != nil {
		return errors.Join(resumed, err)
	}
	how := thawed{Namespace: t.s.namespace, ID: t.s.info.ID, How: byResume}
	if t.s.paused() {
		var err error
		if how, err = thawOne(ctx, t.client, t.s); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.errOut, "lull: taken back: %s %s\n", how.ID, how.text())
	return nil
}

// resume lets the container run again as soon as its memory and rw layer are
// safe. One that already runs was thawed too early, by the watchdog or by
// somebody else: then layer and memory do not fit together.
func (t *taking) resume(ctx context.Context) error {
	if !t.pauses || t.opts.exit {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resumeTime+cgroupTime)
	defer cancel()
	if err := t.s.refresh(ctx, t.client); err != nil {
		return err
	}
	if t.s.status == task.Status_STOPPED {
		return fail(exitCheckpoint, "", "%s ended while it was checkpointed", t.s.info.ID)
	}
	if !t.s.paused() {
		return fail(exitCheckpoint, "raise lull/max-frozen, and take it again",
			"%s was thawed before the checkpoint was finished", t.s.info.ID)
	}
	if _, err := thawOne(ctx, t.client, t.s); err != nil {
		return err
	}
	t.done.StallMillis = millis(time.Since(t.frozen))
	t.undo.Forget(undoPause)
	return nil
}

func (t *taking) publish(ctx context.Context) (err error) {
	if t.image, err = t.draft.Publish(ctx, t.ref); err != nil {
		return err
	}
	t.undo.Push("the image", func(ctx context.Context) error { return t.client.ImageService().Delete(ctx, t.ref) })
	t.done.Bytes = t.image.Size()
	return nil
}

// readBack reports what the image says, not what was hoped for.
func (t *taking) readBack(ctx context.Context) error {
	m, unusable, err := store.Manifest(ctx, t.client.ContentStore(), t.image)
	if errors.Is(err, manifest.ErrMissing) && !t.s.database() {
		return nil
	}
	if err = errors.Join(err, unusable); err != nil {
		return err
	}
	t.done.ID, t.done.Level, t.done.Required = m.ID, string(m.Reached.Level), string(m.Asked.Require)
	t.done.Frozen, t.done.Inner, t.done.Warnings = m.FrozenMillis, m.Steps, m.Reached.Warnings
	if t.opts.mode != "" && m.Asked.Mode != t.opts.mode {
		t.done.Warnings = append(t.done.Warnings, fmt.Sprintf("--mode=%s was not taken: the shim used %q", t.opts.mode, m.Asked.Mode))
	}
	return nil
}
