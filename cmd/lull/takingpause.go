package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/errdefs/pkg/errgrpc"

	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/manifest"
)

const undoPause = "the pause"

// pauseTime bounds the pause; lull/pause-budget is what it normally takes at most.
const pauseTime = time.Minute

// precopyTime is what a shim takes at most to copy volumes before a pause.
const precopyTime = time.Hour

// announce tells the shim what the pause is for.
func (t *taking) announce(context.Context) error {
	if t.s.record == nil {
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
	i := intent.Intent{Mode: t.opts.mode, KeepPaused: !t.pauses, Precopy: t.precopies()}
	if t.pauses {
		if t.leash, err = intent.NewLeash(cfg.StateDir, ns, id); err != nil {
			return err
		}
		i.Leash = t.leash.Path()
		t.undo.Push("the leash", func(context.Context) error { return t.leash.Drop() })
	}
	return t.tell(i)
}

// announceTime is how long the shim may take to hear it.
const announceTime = time.Minute

func (t *taking) tell(i intent.Intent) error {
	cfg, err := t.config()
	if err != nil {
		return err
	}
	i.Expires = time.Now().Add(announceTime)
	return intent.Announce(cfg.StateDir, t.s.namespace, t.s.info.ID, i)
}

// precopies is whether volumes are copied before the pause.
func (t *taking) precopies() bool { return t.s.record != nil && t.pauses && !t.opts.noPrecopy }

// hands is whether the shim is to resume the container.
func (t *taking) hands() bool { return t.leash != nil && !t.opts.exit }

// pause does not end with ctx: one that is cancelled half-way would still
// happen, after everybody has stopped looking. A pre-copy does: it is on a
// leash.
func (t *taking) pause(ctx context.Context) error {
	if !t.pauses {
		return nil // somebody else's pause is theirs to end
	}
	t.undo.Push(undoPause, t.takeBackPause)
	t.frozen = time.Now()
	defer context.AfterFunc(ctx, func() { _ = t.leash.Drop() })() // undone once more, with its error
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.pauseTime())
	defer cancel()
	_, err := t.client.TaskService().Pause(ctx, &tasks.PauseTaskRequest{ContainerID: t.s.info.ID})
	if t.precopies() {
		t.frozen = time.Now() // it ran while its volumes were copied
	}
	t.quiesced = millis(time.Since(t.frozen))
	return errgrpc.ToNative(err)
}

func (t *taking) pauseTime() time.Duration {
	if t.precopies() {
		return pauseTime + precopyTime
	}
	return pauseTime
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
	if paused := t.s.paused(); !paused && resumed != nil {
		return nil //nolint:nilerr // it never was paused
	} else if paused {
		var err error
		if how, err = thawOne(ctx, t.client, t.s); err != nil {
			return err
		}
	}
	fmt.Fprintf(t.errOut, "lull: taken back: %s %s\n", how.ID, how.text())
	return nil
}

// resume lets the container run again as soon as its memory and rw layer are
// safe. One that already runs was resumed by the shim, if it was told to; else it
// was thawed too early, by the watchdog or by somebody else: then layer and
// memory do not fit together.
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
	if !t.s.paused() && t.hands() {
		t.byShim = true // stall believes its manifest
		t.undo.Forget(undoPause)
		return nil
	}
	if !t.s.paused() {
		return t.thawedEarly()
	}
	if _, err := thawOne(ctx, t.client, t.s); err != nil {
		return err
	}
	t.done.StallMillis = millis(time.Since(t.frozen))
	t.undo.Forget(undoPause)
	return nil
}

func (t *taking) thawedEarly() error {
	return fail(exitCheckpoint, "raise lull/max-frozen, and take it again",
		"%s was thawed before the checkpoint was finished", t.s.info.ID)
}

// stall reads in the manifest how long the container stood, where the shim has
// resumed it: in order, as the manifest says then.
func (t *taking) stall(m *manifest.Manifest) error {
	if !t.byShim {
		return nil
	}
	if !slices.ContainsFunc(m.Steps, func(s manifest.Step) bool { return s.Name == "resume" }) {
		return t.thawedEarly()
	}
	t.done.StallMillis = t.quiesced + m.FrozenMillis
	return nil
}
