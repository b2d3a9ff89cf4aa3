package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/containerd/platforms"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/quiesce"
)

// subject is one container as containerd and lull see it.
type subject struct {
	namespace string
	info      containers.Container
	spec      *specs.Spec
	status    task.Status // UNKNOWN: it has no task
	pid       int
	found     quiesce.Found // empty: no database
	wrong     error         // of a label that cannot be understood
	record    *state.Record // nil: lull's shim does not serve it
}

// loadSubject looks a container up in the namespace of ctx.
func (a *app) loadSubject(ctx context.Context, client *containerd.Client, id string) (*subject, error) {
	s, err := a.loadQuietly(ctx, client, id)
	if err != nil {
		return nil, err
	}
	return s, s.refresh(ctx, client)
}

// loadQuietly is loadSubject without a question to the container's shim.
func (a *app) loadQuietly(ctx context.Context, client *containerd.Client, id string) (*subject, error) {
	info, err := a.find(ctx, client, id)
	if err != nil {
		return nil, err
	}
	s, err := a.newSubject(a.namespace, info)
	if err != nil {
		return nil, err
	}
	s.detect(imageLabels(ctx, client, info.Image))
	return s, nil
}

// refresh asks for the task's state again.
func (s *subject) refresh(ctx context.Context, client *containerd.Client) error {
	reply, err := client.TaskService().Get(ctx, &tasks.GetRequest{ContainerID: s.info.ID})
	if err := errgrpc.ToNative(err); err != nil && !errdefs.IsNotFound(err) {
		return err
	}
	s.setTask(reply.GetProcess())
	return nil
}

// newSubject reads what needs no further question to containerd.
func (a *app) newSubject(namespace string, info containers.Container) (*subject, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	s := &subject{namespace: namespace, info: info, spec: &specs.Spec{}}
	if info.Spec != nil {
		if err := json.Unmarshal(info.Spec.GetValue(), s.spec); err != nil {
			return nil, fmt.Errorf("OCI spec of %s: %w", info.ID, err)
		}
	}
	rec, err := state.Read(state.Dir(cfg.StateDir, namespace, info.ID))
	switch {
	case err == nil:
		s.record = &rec
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("state of %s: %w", info.ID, err)
	}
	return s, nil
}

func (s *subject) setTask(p *task.Process) {
	s.status, s.pid = p.GetStatus(), int(p.GetPid())
}

// detect asks what the shim asks. The shim knows Docker's labels too, so what
// it found counts.
func (s *subject) detect(imageLabels map[string]string) {
	if s.record != nil {
		s.found = quiesce.Found{Engine: s.record.Engine, By: s.record.DetectedBy}
		return
	}
	s.found, _, s.wrong = quiesce.Detect(evidence(s.info, s.spec, imageLabels))
}

// evidence lays the container's labels over Docker's and its image's.
func evidence(info containers.Container, spec *specs.Spec, imageLabels map[string]string) quiesce.Evidence {
	e := quiesce.Evidence{Labels: map[string]string{}, Annotations: spec.Annotations, Image: info.Image}
	docker, err := dockerd.Of(spec.Mounts, info.ID)
	if err == nil {
		e.Image = docker.Image
	}
	for _, labels := range []map[string]string{imageLabels, docker.Labels, info.Labels} {
		for k, v := range labels {
			e.Labels[k] = v
		}
	}
	if e.Image == "" {
		e.Image = spec.Annotations["io.kubernetes.cri.image-name"]
	}
	if spec.Process != nil {
		e.Args, e.Env = spec.Process.Args, spec.Process.Env
	}
	return e
}

// imageLabels are the labels in an image's configuration; an image that is gone
// has none.
func imageLabels(ctx context.Context, client *containerd.Client, name string) map[string]string {
	if name == "" {
		return nil
	}
	img, err := client.ImageService().Get(ctx, name)
	if err != nil {
		return nil
	}
	spec, err := containerd.NewImageWithPlatform(client, img, platforms.Default()).Spec(ctx)
	if err != nil {
		return nil
	}
	return spec.Config.Labels
}

// database says whether it is one that lull serves or could serve.
func (s *subject) database() bool {
	return s.wrong != nil || (s.found.Engine != "" && s.found.Engine != quiesce.None)
}

// alive says whether it has a process.
func (s *subject) alive() bool {
	switch s.status {
	case task.Status_RUNNING, task.Status_PAUSED, task.Status_PAUSING:
		return true
	}
	return s.silent()
}

// silent says whether it has a process but a shim that does not answer.
func (s *subject) silent() bool {
	return s.status == task.Status_UNKNOWN && s.record != nil && s.record.Pid != 0 &&
		unix.Kill(s.record.Pid, 0) == nil
}
