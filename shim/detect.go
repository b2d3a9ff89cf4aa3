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
	"github.com/lull-containers/lull/engine/commands"
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
	found, ok, err := quiesce.Detect(evidence(spec, meta))
	if err != nil || !ok || found.Engine == quiesce.None {
		return nil, err
	}
	c := &engine.Container{
		ID: id, Namespace: ns, Bundle: bundle, Rootfs: filepath.Join(bundle, "rootfs"),
		Image: meta.Image, Snapshotter: meta.Snapshotter, Runtime: meta.Runtime,
		Labels: meta.Labels, Created: createdAt(ns, meta), Spec: spec, Found: found, Tools: s.tools(),
	}
	return c, s.complete(c, warning)
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

func evidence(spec *specs.Spec, meta Metadata) quiesce.Evidence {
	e := quiesce.Evidence{Labels: meta.Labels, Annotations: spec.Annotations, Image: meta.Image}
	if e.Image == "" {
		e.Image = spec.Annotations["io.kubernetes.cri.image-name"]
	}
	if spec.Process != nil {
		e.Args, e.Env = spec.Process.Args, spec.Process.Env
	}
	return e
}

// complete adds what follows from the configuration. A wrong label is an
// error: a database that silently runs with other settings is worse than one
// that does not start.
func (s *Service) complete(c *engine.Container, warning string) error {
	settings, err := s.host.Config.For(c.LullLabels())
	if err != nil {
		return fmt.Errorf("labels of %s: %w", c.ID, err)
	}
	if _, err := commands.Of(c.LullLabels()); err != nil {
		return fmt.Errorf("labels of %s: %w", c.ID, err)
	}
	if _, err := quiesce.Validations(c.LullLabels()); err != nil {
		return fmt.Errorf("labels of %s: %w", c.ID, err)
	}
	if warning != "" {
		c.Warnings = append(c.Warnings, warning)
	}
	c.Settings = settings
	c.Credential, _ = s.host.Config.Credential(c.ID, c.Image)
	dir := state.Dir(s.host.Config.StateDir, c.Namespace, c.ID)
	c.Paths = engine.Paths{
		State: dir, StateDir: s.host.Config.StateDir, Store: s.host.Config.StoreDir,
		CRIUConf: filepath.Join(dir, "criu.conf"),
	}
	c.Network = networkOf(c.Spec, state.NetNS(dir))
	if c.Network.Mode == engine.NetworkPrivate {
		c.Warnings = append(c.Warnings, "the container has a user namespace of its own: loopback sockets cannot be restored")
	}
	return nil
}

// switchedOff tells whether the bundle's annotations keep lull out.
func switchedOff(bundle string) bool {
	spec, err := readSpec(bundle)
	return err == nil && spec.Annotations[quiesce.LabelEngine] == quiesce.None
}
