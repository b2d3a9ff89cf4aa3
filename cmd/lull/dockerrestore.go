package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// dockerRestoring makes a Docker container again that was removed, from a
// checkpoint that was saved.
type dockerRestoring struct {
	*app
	cfg        config.Config
	api        *dockerAPI
	saved      dockerd.Container
	checkpoint string
	opts       restoreOptions
	undo       cleanup.Stack

	steps stepClock
	done  restored
}

func (a *app) restoreDocker(ctx context.Context, c dockerd.Container, checkpoint string, o restoreOptions) (restored, error) {
	if err := o.forDocker(); err != nil {
		return restored{}, err
	}
	cfg, err := a.config()
	if err != nil {
		return restored{}, err
	}
	api, err := dialDocker()
	if err != nil {
		return restored{}, err
	}
	a.inDocker()
	r := &dockerRestoring{app: a, cfg: cfg, api: api, saved: c, checkpoint: checkpoint, opts: o, steps: newStepClock()}
	r.done = restored{Image: c.Name + ":" + checkpoint, Namespace: a.namespace}
	err = r.steps.run(ctx, r.progress, []stage{
		{"manifest", r.judge}, {"container", r.create}, {"checkpoint", r.place}, {"restore", r.start}, {"verify", r.verify},
	})
	r.done.Steps = r.steps.steps
	if err != nil {
		return r.done, errors.Join(err, r.undo.Run(ctx, undoTime))
	}
	r.undo.Keep()
	return r.done, nil
}

// forDocker refuses what dockerd, which makes the container, cannot be told.
func (o restoreOptions) forDocker() error {
	for flag, set := range map[string]bool{"--volume": len(o.volumes) > 0, "--isolate": o.isolate, "--rm-on-failure=false": o.keepLeft} {
		if set {
			return fail(exitUsage, "leave it out", "%s is not for a container of Docker's, which comes back as it was", flag)
		}
	}
	return nil
}

// judge comes before anything is made. dockerd creates and starts in one call:
// only before it can what would restore unverified be refused.
func (r *dockerRestoring) judge(context.Context) error {
	d, err := findDaemon(r.address)
	if err != nil {
		return fail(exitContainerd, "name the socket of Docker's containerd with --address", "%w", err)
	}
	if err := d.serves(r.saved.Runtime); err != nil {
		return err
	}
	m, err := manifest.VerifySeal(filepath.Join(r.saved.Checkpoints(), r.checkpoint))
	if err == nil {
		r.done.Engine = m.Database.Engine
	}
	return err
}

func (r *dockerRestoring) create(ctx context.Context) error {
	body, err := r.saved.Request()
	if err != nil {
		return err
	}
	name := r.opts.name
	if name == "" {
		name = r.saved.Name
	}
	var made struct{ ID string }
	if err := r.api.call(ctx, http.MethodPost, "/containers/create?name="+url.QueryEscape(name), body, &made); err != nil {
		return withRemedy(&failure{code: exitRestore, err: err}, "a container of this name has to be removed, or give another NAME; images and networks have to be there")
	}
	r.done.Container = made.ID
	r.undo.Push("the container", func(ctx context.Context) error {
		return r.api.call(ctx, http.MethodDelete, "/containers/"+made.ID+"?force=1", nil, nil)
	})
	return nil
}

// place puts the checkpoint where dockerd looks for it, and the permit where
// the shim does.
func (r *dockerRestoring) place(context.Context) error {
	made, err := dockerd.Lookup(r.cfg.DockerRoot, r.done.Container)
	if err != nil {
		return fail(exitOther, "docker_root in lull's configuration names Docker's data folder", "%w", err)
	}
	if err := dockerd.LinkCheckpoint(r.saved, r.checkpoint, made); err != nil || r.opts.onDrift == "" {
		return err
	}
	now, id := time.Now(), made.ID
	r.undo.Push(undoPermit, func(context.Context) error {
		_, _, err := state.Take(r.cfg.StateDir, r.namespace, id, time.Now())
		return err
	})
	return state.Allow(r.cfg.StateDir, r.namespace, id, state.Permit{OnDrift: r.opts.onDrift, Created: now, Expires: now.Add(10 * time.Minute)})
}

// start restores. What an earlier restore left in containerd is cleared before.
func (r *dockerRestoring) start(ctx context.Context) error {
	client, cctx, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := collectGarbage(cctx, client); err != nil {
		return err
	}
	path := "/containers/" + r.done.Container + "/start?checkpoint=" + url.QueryEscape(r.checkpoint)
	if err := r.api.call(ctx, http.MethodPost, path, nil, nil); err != nil {
		return (&restoring{app: r.app}).asFailure(err)
	}
	r.done.RunningMillis = millis(time.Since(r.steps.began))
	return nil
}

// verify reads what the shim has verified: dockerd's start ends after that.
func (r *dockerRestoring) verify(context.Context) error {
	rec, err := state.Read(state.Dir(r.cfg.StateDir, r.namespace, r.done.Container))
	if err != nil {
		return fail(exitHost, "see `lull doctor`", "the restored %s is not served by lull's shim, so nothing was verified: %w", r.done.Engine, err)
	}
	r.done.Pid, r.done.Checkpoint, r.done.Engine = rec.Pid, rec.Checkpoint, rec.Engine
	r.done.Checked, r.done.Inner, r.done.Warnings = rec.Checked, rec.Steps, rec.Warnings
	r.done.Verified, r.done.VerifiedMillis = true, r.done.RunningMillis
	r.done.Log = "docker logs " + shortID(r.done.Container)
	return nil
}
