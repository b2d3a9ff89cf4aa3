// Package recognise tells whether a container is a database, and completes
// what its engine knows of it by lull's configuration.
package recognise

import (
	"fmt"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/engine/commands"
	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/quiesce"
)

// Database completes c, of which the container's names, bundle, labels and spec
// are known; nil: it is no database, or lull is switched off for it. A wrong
// label is an error: a database that silently runs with other settings is worse
// than one that does not start.
func Database(c engine.Container, cfg config.Config) (*engine.Container, error) {
	found, ok, err := quiesce.Detect(evidence(c))
	if err != nil || !ok || found.Engine == quiesce.None {
		return nil, err
	}
	c.Found = found
	if c.Settings, err = settings(c, cfg); err != nil {
		return nil, fmt.Errorf("labels of %s: %w", c.ID, err)
	}
	c.Credential, _ = cfg.Credential(c.ID, c.Image)
	dir := state.Dir(cfg.StateDir, c.Namespace, c.ID)
	c.Paths = engine.Paths{
		State: dir, StateDir: cfg.StateDir, Store: cfg.StoreDir,
		CRIUConf: filepath.Join(dir, "criu.conf"),
	}
	return &c, nil
}

func settings(c engine.Container, cfg config.Config) (config.Settings, error) {
	labels := c.LullLabels()
	s, err := cfg.For(labels)
	if err != nil {
		return s, err
	}
	if _, err := commands.Of(labels); err != nil {
		return s, err
	}
	_, err = quiesce.Validations(labels)
	return s, err
}

func evidence(c engine.Container) quiesce.Evidence {
	e := quiesce.Evidence{Labels: c.Labels, Annotations: c.Spec.Annotations, Image: c.Image}
	if e.Image == "" {
		e.Image = c.Spec.Annotations["io.kubernetes.cri.image-name"]
	}
	if p := c.Spec.Process; p != nil {
		e.Args, e.Env = p.Args, p.Env
	}
	return e
}

// Network reads from the spec which network namespace the container gets; ours
// is where lull would make one. Without a path it is ours to make, unless a
// user namespace owns it: sysfs can then only be mounted in a network namespace
// that was made inside.
func Network(spec *specs.Spec, ours string) engine.Network {
	if spec.Linux == nil {
		return engine.Network{Mode: engine.NetworkHost}
	}
	for _, ns := range spec.Linux.Namespaces {
		switch {
		case ns.Type != specs.NetworkNamespace:
		case ns.Path != "":
			return engine.Network{Mode: engine.NetworkPath, Path: ns.Path}
		case len(spec.Linux.UIDMappings) > 0:
			return engine.Network{Mode: engine.NetworkPrivate}
		default:
			return engine.Network{Mode: engine.NetworkLull, Path: ours}
		}
	}
	return engine.Network{Mode: engine.NetworkHost}
}
