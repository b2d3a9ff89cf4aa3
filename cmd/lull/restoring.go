package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
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

	// setting is where the container is put; nil: in the original's place.
	setting setting
	memory  string // folder with the CRIU images; empty: containerd unpacks them
	say     func(format string, args ...any)

	steps    stepClock
	image    *store.Checkpoint
	manifest *manifest.Manifest // nil: none
	template store.Template
	made     containerd.Container
	done     restored
}

// setting is where a restored container is put when it is not the original's
// place: other files, another network. It pushes its own undo.
type setting interface {
	// place comes before anything is made, and may change the template.
	place() []stage
	// settle comes when the database is verified.
	settle(ctx context.Context, r *restoring) error
}

const undoPermit = "the permit"

// undoTime bounds each undo.
const undoTime = 30 * time.Second

func newRestoring(a *app, client *containerd.Client, ref string, o restoreOptions) *restoring {
	return &restoring{app: a, client: client, ref: ref, opts: o, say: a.progress, steps: newStepClock(),
		done: restored{Image: ref, Namespace: a.namespace}}
}

// run restores. Whatever goes wrong, nothing that it made is left.
func (r *restoring) run(ctx context.Context) (restored, error) {
	if err := r.attempt(ctx); err != nil {
		return r.done, errors.Join(err, r.takeBack(ctx))
	}
	return r.done, r.keep(ctx)
}

// attempt restores; the caller keeps or takes back.
func (r *restoring) attempt(ctx context.Context) error {
	err := r.steps.run(ctx, r.say, r.stages())
	r.done.Steps = r.steps.steps
	return r.asFailure(err)
}

func (r *restoring) stages() []stage {
	all := []stage{
		{"open", r.open},
		{"permit", r.permit},
		{"container", r.create},
		{"restore", r.start},
		{"verify", r.verify},
	}
	if r.setting == nil {
		return all
	}
	settle := stage{"settle", func(ctx context.Context) error { return r.setting.settle(ctx, r) }}
	return append(slices.Insert(all, 1, r.setting.place()...), settle)
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
	if err == nil {
		return nil
	}
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
	r.template.Labels = maps.Clone(r.template.Labels)
	for _, of := range []string{clone.LabelOf, clone.LabelCheckpoint} { // the checkpoint may be of a clone
		delete(r.template.Labels, of)
	}
	if r.opts.isolate {
		r.label(labelLineage, "isolate")
	}
	if err := r.free(ctx); err != nil {
		return err
	}
	if err := r.standIn(); err != nil {
		return err
	}
	if r.setting != nil { // which has folders of its own
		return nil
	}
	return r.mounts()
}

// labelLineage is what becomes of ties to replicas, an archive and others.
const labelLineage = quiesce.LabelPrefix + "lineage"

func (r *restoring) label(key, value string) {
	labels := maps.Clone(r.template.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[key] = value
	r.template.Labels = labels
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
		r.undo.Push("the log", func(context.Context) error { return cleanup.IgnoreAbsent(os.Remove(r.done.Log)) })
	}
	t, err := r.image.Start(ctx, r.made, r.memory, r.done.Log, r.served, &r.undo)
	if err != nil {
		return err
	}
	r.done.Pid, r.done.RunningMillis = int(t.Pid()), millis(time.Since(r.steps.began))
	return nil
}
