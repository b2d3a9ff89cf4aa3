package shim

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/log"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/engine/recognise"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/quiesce"
)

// recognise returns the database container in a bundle, or nil when there is
// none or lull is switched off for it.
func (s *Service) recognise(ctx context.Context, id, bundle string) (*engine.Container, error) {
	ns, err := namespaces.NamespaceRequired(ctx)
	if err != nil {
		return nil, err
	}
	spec, err := readSpec(bundle)
	if err != nil {
		return nil, err
	}
	meta, warning := s.metadata(ctx, ns, id, spec)
	c, err := recognise.Database(engine.Container{
		ID: id, Namespace: ns, Bundle: bundle, Rootfs: filepath.Join(bundle, "rootfs"),
		Image: meta.Image, Snapshotter: meta.Snapshotter, Runtime: meta.Runtime,
		Labels: meta.Labels, Created: createdAt(ns, meta), Spec: spec, Tools: s.tools(),
	}, s.host.Config)
	if c == nil || err != nil {
		return nil, err
	}
	if s.host.Unread != nil {
		return nil, fmt.Errorf("lull's configuration: %w; correct it and start the container again, in Kubernetes in a new pod", s.host.Unread)
	}
	complete(c, warning)
	return c, nil
}

// createdAt tells containers of one name apart. Docker makes containerd's anew
// for every start of its own.
func createdAt(namespace string, meta Metadata) time.Time {
	const docker = "moby"
	if namespace == docker {
		return time.Time{}
	}
	return meta.Created
}

// metadata asks the client's side; a container that cannot be asked about is
// judged by its spec alone.
func (s *Service) metadata(ctx context.Context, ns, id string, spec *specs.Spec) (Metadata, string) {
	meta, err := s.host.Metadata(ctx, ns, id)
	if err != nil {
		meta = Metadata{}
	}
	meta, problem := withDocker(meta, spec.Mounts, id)
	if err = errors.Join(err, problem); err != nil {
		log.G(ctx).WithError(err).Warn("lull: labels of the container")
		return meta, "the container's labels could not be read; only its annotations count for sure"
	}
	return meta, ""
}

// complete adds what only a shim can do for the container.
func complete(c *engine.Container, warning string) {
	if warning != "" {
		c.Warnings = append(c.Warnings, warning)
	}
	c.Network = recognise.Network(c.Spec, state.NetNS(c.Paths.State))
	if c.Network.Mode == engine.NetworkPrivate {
		c.Warnings = append(c.Warnings, "the container has a user namespace of its own: loopback sockets cannot be restored")
	}
}

// switchedOff tells whether the bundle's annotations keep lull out.
func switchedOff(bundle string) bool {
	spec, err := readSpec(bundle)
	return err == nil && spec.Annotations[quiesce.LabelEngine] == quiesce.None
}
