package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"

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
	leash  *intent.Leash // of the pause; nil: the shim was told of none
	pauses bool          // it was running, and runs again afterwards

	quiesced float64 // milliseconds until the pause stood
	byShim   bool    // the shim has resumed it

	steps   stepClock
	frozen  time.Time // when the pause began
	stopped bool      // the dump ended the container
	done    taken
	image   *store.Checkpoint
}

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
	if err := t.leash.Drop(); err != nil {
		t.warn("leash: %v", err)
	}
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

// rest of the stages: where the shim can resume it as soon as its memory is
// dumped, the rw layer comes first.
func (t *taking) rest() []stage {
	frozen := []stage{{"dump", t.dump}, {"rw layer", t.draft.RW}}
	if t.hands() {
		frozen = []stage{{"rw layer", t.draft.RW}, {"dump", t.dump}}
	}
	return append(frozen, []stage{
		{"resume", t.resume},
		{"pod", t.draft.OutOfPod},
		{"base image", t.draft.Base},
		{"runtime", t.draft.Runtime},
		{"manifest", t.draft.Manifest},
		{"image", t.publish},
		{"read back", t.readBack},
	}...)
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

func (t *taking) dump(ctx context.Context) error {
	if t.hands() {
		if err := t.tell(intent.Intent{Resume: true, Leash: t.leash.Path()}); err != nil {
			return err
		}
	}
	err := t.draft.Task(ctx, t.opts.exit)
	t.stopped = err == nil && t.opts.exit
	return err
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
	if err := t.stall(m); err != nil {
		return err
	}
	t.done.ID, t.done.Level, t.done.Required = m.ID, string(m.Reached.Level), string(m.Asked.Require)
	t.done.Frozen, t.done.Inner, t.done.Warnings = m.FrozenMillis, m.Steps, m.Reached.Warnings
	if t.opts.mode != "" && m.Asked.Mode != t.opts.mode {
		t.done.Warnings = append(t.done.Warnings, fmt.Sprintf("--mode=%s was not taken: the shim used %q", t.opts.mode, m.Asked.Mode))
	}
	return nil
}
