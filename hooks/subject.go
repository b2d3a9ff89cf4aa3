package hooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/engine/commands"
	"github.com/lull-containers/lull/engine/recognise"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// Namespace is what lull calls the containers of runtimes that know none.
const Namespace = "oci"

// subject is the database container that CRIU works on, and the command that
// had it do so.
type subject struct {
	*engine.Container
	by caller
}

// subject is nil where CRIU works on no database.
func (h Host) subject(c Call) (*subject, error) {
	by, err := callerOf(c.CRIU)
	if err != nil {
		return nil, err
	}
	bundle, err := bundleOf(by, c.Stage)
	if err != nil {
		return nil, err
	}
	spec, err := readSpec(bundle)
	if err != nil {
		return nil, err
	}
	found, err := h.database(bundle, by.id(), by.name(), spec)
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, strange(c, spec)
	}
	found.Tools = func() engine.Tools { return toolsOf(by) }
	return &subject{Container: found, by: by}, errors.Join(servable(found), alone(spec))
}

// alone refuses a container that shares its processes' namespace: with its init
// the others would not end, and run on while a volume is put back.
func alone(spec *specs.Spec) error {
	own := spec.Linux != nil && slices.ContainsFunc(spec.Linux.Namespaces, func(ns specs.LinuxNamespace) bool {
		return ns.Type == specs.PIDNamespace && ns.Path == ""
	})
	if own {
		return nil
	}
	return rpccode.Wrap(rpccode.Preflight, errors.New("the container shares its PID namespace with the host or with another one, and lull's hooks could not end "+
		"all of its processes; give it one of its own, or use an engine with lull's shim"))
}

// bundleOf asks a restore's command line: the container is not there yet.
func bundleOf(by caller, s Stage) (string, error) {
	if s == PreRestore {
		return by.bundle()
	}
	st, err := by.state()
	return st.Bundle, err
}

func readSpec(bundle string) (*specs.Spec, error) {
	data, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		return nil, err
	}
	var spec specs.Spec
	return &spec, json.Unmarshal(data, &spec)
}

func (h Host) database(bundle, id, runtime string, spec *specs.Spec) (*engine.Container, error) {
	rootfs := ""
	if spec.Root != nil {
		rootfs = spec.Root.Path
		if !filepath.IsAbs(rootfs) {
			rootfs = filepath.Join(bundle, rootfs)
		}
	}
	found, err := recognise.Database(engine.Container{
		ID: id, Namespace: Namespace, Runtime: runtime, Bundle: bundle, Rootfs: rootfs,
		Image: spec.Annotations["io.kubernetes.cri-o.ImageName"], Spec: spec,
	}, h.Config)
	if err != nil || found == nil {
		return nil, err
	}
	found.Network = recognise.Network(spec, "")
	if found.Network.Mode == engine.NetworkLull {
		found.Network.Mode = engine.NetworkRuntime
	}
	return found, nil
}

// strange refuses to restore a database's checkpoint unchecked because the
// container was not recognised this time.
func strange(c Call, spec *specs.Spec) error {
	if c.Stage != PreRestore || spec.Annotations[quiesce.LabelEngine] == quiesce.None {
		return nil
	}
	m, err := manifest.Read(c.Dir)
	if err != nil {
		return nil //nolint:nilerr // it is none of lull's
	}
	return rpccode.Wrap(rpccode.Altered, fmt.Errorf("the checkpoint is of %s and this container was recognised as no database; "+
		"give it the annotation %s=%s, or none to restore it unchecked", m.Database.Engine, quiesce.LabelEngine, m.Database.Engine))
}

// servable refuses what only the shim can do.
func servable(c *engine.Container) error {
	own, err := commands.Of(c.LullLabels())
	switch {
	case err != nil:
		return err
	case own.Any() || c.Found.Engine == quiesce.Exec:
		return rpccode.Wrap(rpccode.Preflight, errors.New("lull's hooks run no commands in a container (lull/…-exec, lull/engine=exec); only its shim does"))
	case c.Network.Mode == engine.NetworkPrivate:
		return rpccode.Wrap(rpccode.Preflight, errors.New("the container has a user namespace and its network namespace inside it, "+
			"which cannot be restored; run it without a user namespace"))
	}
	return configured(c)
}

// configured refuses to work with a CRIU that was not told what the database
// needs: without file-locks locks are lost without a word.
func configured(c *engine.Container) error {
	file := configOf(c)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	if lacking := (criu.Config{Connections: c.Settings.Connections}).Lacking(string(text)); len(lacking) > 0 {
		return rpccode.Wrap(rpccode.Host, fmt.Errorf("CRIU's configuration %s lacks %q, which lull/connections=%s needs; lull hooks install writes it",
			file, lacking[0], c.Settings.Connections))
	}
	return nil
}

// configOf is the configuration file that the runtime gave CRIU.
func configOf(c *engine.Container) string {
	if named := c.Spec.Annotations[criu.ConfigAnnotation]; named != "" {
		return named
	}
	return DefaultCRIUConfig
}

// DefaultCRIUConfig is the file that runc and crun give CRIU where a container
// names none.
const DefaultCRIUConfig = "/etc/criu/runc.conf"
