package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/plugin/docker"
)

// dockerAdvice is docker.Advisor. It asks containerd and reads dockerd's files;
// it never asks dockerd, which waits for it.
type dockerAdvice struct {
	*app
	cfg config.Config
}

// announcedBudget is what a pause for an announced checkpoint may take:
// nothing but the checkpoint waits for it.
const announcedBudget = 30 * time.Second

// refused makes a refusal of what is wrong and what to do.
func refused(what, remedy string) error {
	if remedy != "" {
		what += "; " + remedy
	}
	return &docker.Refusal{Text: "lull: " + what}
}

// found is what containerd and dockerd say of one container.
type found struct {
	docker  dockerd.Container
	subject *subject // nil: it has no task, or is no database
}

// container finds Docker's. Of one that is not there dockerd will say so.
func (d dockerAdvice) container(c docker.Call) (k dockerd.Container, there bool, err error) {
	k, err = dockerd.Lookup(d.cfg.DockerRoot, c.Container)
	if errors.Is(err, dockerd.ErrNone) {
		return k, false, nil
	}
	return k, err == nil, err
}

// look finds a container; one that is none of Docker's has no id.
func (d dockerAdvice) look(ctx context.Context, client *containerd.Client, c docker.Call) (f found, err error) {
	var there bool
	if f.docker, there, err = d.container(c); !there {
		return f, err
	}
	s, err := d.loadSubject(ctx, client, f.docker.ID)
	var coder exitCoder
	switch {
	case errdefs.IsNotFound(err), errors.As(err, &coder) && coder.ExitCode() == exitNotFound:
		return f, nil
	case err != nil:
		return f, err
	case s.database():
		f.subject = s
	}
	return f, nil
}

// BeforeCheckpoint is the preflight.
func (d dockerAdvice) BeforeCheckpoint(ctx context.Context, c docker.Call) error {
	client, ctx, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	f, err := d.look(ctx, client, c)
	if err != nil || f.subject == nil {
		return err
	}
	if err := d.preflight(ctx, f, c); err != nil {
		return err
	}
	return d.announce(ctx, f)
}

// announce tells the shim, unless dockerd has had its answer: the next pause would
// be somebody else's.
func (d dockerAdvice) announce(ctx context.Context, f found) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return intent.Announce(d.cfg.StateDir, d.namespace, f.docker.ID, intent.Intent{
		Budget: max(announcedBudget, f.settings(d.cfg).PauseBudget), Expires: time.Now().Add(time.Minute),
	})
}

func (f found) settings(cfg config.Config) config.Settings {
	s, err := cfg.For(lullLabels(f.docker.Labels))
	if err != nil { // the shim would not have started it
		s, _ = cfg.For(nil)
	}
	return s
}

func (d dockerAdvice) preflight(ctx context.Context, f found, c docker.Call) error {
	if f.subject.alive() && f.subject.record == nil {
		return refused(fmt.Sprintf("%s runs %s without lull: it was started before lull was installed, and a checkpoint would promise nothing", f.docker.Name, f.subject.found.Engine),
			"docker restart "+f.docker.Name)
	}
	if what, remedy := f.docker.Undoes(); c.Exit && what != "" {
		return refused(what, remedy)
	}
	findings, err := d.containerFindings(ctx, f.docker.ID)
	if err != nil {
		return err
	}
	for _, x := range findings {
		if x.Severity == criu.Fail {
			return refused(x.Check+": "+x.What, x.Remedy)
		}
	}
	return nil
}

// AfterCheckpoint takes back an announcement that no pause has used.
func (d dockerAdvice) AfterCheckpoint(_ context.Context, c docker.Call) error {
	k, err := dockerd.Lookup(d.cfg.DockerRoot, c.Container)
	if err != nil {
		return err
	}
	_, _, err = intent.Take(d.cfg.StateDir, d.namespace, k.ID, time.Now())
	return err
}

// BeforeRestore judges what can be judged before the shim judges everything,
// and has containerd collect its garbage: the checkpoint's blob is in the way
// of the restore's until then (moby#42900).
func (d dockerAdvice) BeforeRestore(ctx context.Context, c docker.Call) error {
	k, there, err := d.container(c)
	if !there {
		return err
	}
	m, err := judge(k, c)
	if err != nil {
		return err
	}
	collected := d.collect(ctx) // first: to compare may take all of the patience
	if m == nil {
		return collected
	}
	return errors.Join(collected, d.unwritten(ctx, k, checkpointFolder(k, c), m))
}

func (d dockerAdvice) collect(ctx context.Context) error {
	client, ctx, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return collectGarbage(ctx, client)
}

// judge reads the manifest; nil where there is none.
func judge(k dockerd.Container, c docker.Call) (*manifest.Manifest, error) {
	if filepath.Base(c.Checkpoint) != c.Checkpoint {
		return nil, nil // dockerd refuses such a name
	}
	m, err := manifest.VerifySeal(checkpointFolder(k, c))
	if errors.Is(err, manifest.ErrMissing) {
		return nil, nil // no database's, or the shim says why it refuses
	}
	if codeOfClass(err) == exitManifest {
		return nil, refused(fmt.Sprintf("checkpoint %s: %v", c.Checkpoint, err), "start it without --checkpoint, or from another one")
	}
	return m, err
}

func checkpointFolder(k dockerd.Container, c docker.Call) string {
	if c.Folder != "" {
		return filepath.Join(c.Folder, c.Checkpoint)
	}
	return filepath.Join(k.Checkpoints(), c.Checkpoint)
}

// collectGarbage returns when containerd has removed what nothing refers to: a
// lease that is deleted in this way waits for it.
func collectGarbage(ctx context.Context, client *containerd.Client) error {
	m := client.LeasesService()
	l, err := m.Create(ctx, leases.WithRandomID(), leases.WithExpiration(time.Minute))
	if err != nil {
		return err
	}
	return m.Delete(ctx, l, leases.SynchronousDelete)
}

// AfterStart warns of a database that lull does not serve.
func (d dockerAdvice) AfterStart(ctx context.Context, c docker.Call) error {
	client, ctx, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	f, err := d.look(ctx, client, c)
	if err != nil || f.subject == nil {
		return err
	}
	if f.subject.alive() && f.subject.record == nil {
		return fmt.Errorf("%s runs %s without lull's shim: it cannot be checkpointed; see lull doctor", f.docker.Name, f.subject.found.Engine)
	}
	return nil
}
