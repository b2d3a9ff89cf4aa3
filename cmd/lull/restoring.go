package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// restoring is one restore under way.
type restoring struct {
	*app
	client *containerd.Client
	ref    string
	opts   restoreOptions
	cfg    config.Config
	undo   cleanup.Stack

	steps    stepClock
	image    *store.Checkpoint
	manifest *manifest.Manifest // nil: none
	template store.Template
	made     containerd.Container
	done     restored
}

const undoPermit = "the permit"

// undoTime bounds each undo.
const undoTime = 30 * time.Second

func newRestoring(a *app, client *containerd.Client, ref string, o restoreOptions) *restoring {
	return &restoring{app: a, client: client, ref: ref, opts: o, steps: newStepClock(),
		done: restored{Image: ref, Namespace: a.namespace}}
}

// run restores. Whatever goes wrong, nothing that it made is left.
func (r *restoring) run(ctx context.Context) (restored, error) {
	err := r.steps.run(ctx, r.progress, []stage{
		{"open", r.open},
		{"permit", r.permit},
		{"container", r.create},
		{"restore", r.start},
		{"verify", r.verify},
	})
	if err != nil {
		return r.done, errors.Join(r.asFailure(err), r.takeBack(ctx))
	}
	r.done.Steps = r.steps.steps
	return r.done, r.keep(ctx)
}

func (r *restoring) takeBack(ctx context.Context) error {
	if r.opts.keepLeft && r.made != nil {
		fmt.Fprintf(r.errOut, "lull: left for you to look at: container %s\n", r.made.ID())
		return nil
	}
	return r.undo.Run(ctx, undoTime)
}

// keep leaves everything as it is, but for a permit that nobody needed.
func (r *restoring) keep(context.Context) error {
	r.undo.Keep()
	return r.withdraw()
}

// asFailure gives an error without a code the one of this command.
func (r *restoring) asFailure(err error) error {
	var coder exitCoder
	code, ok := rpccode.Of(err)
	if code == rpccode.Drift {
		return withRemedy(err, "here: lull restore --rollback or --cold")
	}
	if ok || errors.As(err, &coder) || codeOfClass(err) != exitOther {
		return err
	}
	return &failure{code: exitRestore, err: err}
}

// open judges what can be judged before anything is made; the shim judges
// everything again.
func (r *restoring) open(ctx context.Context) (err error) {
	if r.cfg, err = r.config(); err != nil {
		return err
	}
	if r.image, err = openCheckpoint(ctx, r.client, r.ref); err != nil {
		return err
	}
	m, unusable, err := store.Manifest(ctx, r.client.ContentStore(), r.image)
	if err != nil && !errors.Is(err, manifest.ErrMissing) {
		return err
	}
	if unusable != nil {
		return unusable
	}
	r.manifest = m
	if m == nil && r.opts.name == "" {
		return fail(exitUsage, "give a NAME", "%s does not say what its container was called", r.ref)
	}
	r.template, err = r.image.Template(ctx, r.client.ContentStore(), m, r.opts.name)
	if err != nil {
		return err
	}
	r.done.Container = r.template.ID
	if err := r.free(ctx); err != nil {
		return err
	}
	return r.mounts()
}

func (r *restoring) create(ctx context.Context) (err error) {
	r.made, err = r.image.Create(ctx, r.client, r.template, &r.undo)
	return err
}

func (r *restoring) start(ctx context.Context) error {
	r.done.Log = filepath.Join(r.cfg.StoreDir, "logs", r.namespace, r.template.ID+".log")
	if err := os.MkdirAll(filepath.Dir(r.done.Log), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(r.done.Log); errors.Is(err, os.ErrNotExist) { // else it goes on with an earlier one
		r.undo.Push("the log", func(context.Context) error { return ignoreAbsent(os.Remove(r.done.Log)) })
	}
	t, err := r.image.Start(ctx, r.made, r.done.Log, &r.undo)
	if err != nil {
		return err
	}
	r.done.Pid, r.done.RunningMillis = int(t.Pid()), millis(time.Since(r.steps.began))
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) || errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
