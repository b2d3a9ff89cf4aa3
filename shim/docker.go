package shim

import (
	"errors"
	"fmt"
	"maps"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/rpccode"
)

// withDocker adds what dockerd keeps of the container: containerd knows neither
// the labels of a Docker container nor, at times, its image.
func withDocker(meta Metadata, mounts []specs.Mount, id string) (Metadata, error) {
	d, err := dockerd.Of(mounts, id)
	if errors.Is(err, dockerd.ErrNone) {
		return meta, nil
	}
	if err != nil {
		return meta, fmt.Errorf("what dockerd keeps of the container: %w", err)
	}
	labels := maps.Clone(d.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, meta.Labels)
	meta.Labels, meta.Image = labels, d.Image
	return meta, nil
}

// staysDown refuses a checkpoint that ends a container which dockerd would
// start again, or remove, at once.
func (t *task) staysDown() error {
	d, err := dockerd.Of(t.c.Spec.Mounts, t.c.ID)
	if errors.Is(err, dockerd.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	if undone, remedy := d.Undoes(); undone != "" {
		return rpccode.Wrap(rpccode.Preflight, fmt.Errorf("%s; %s", undone, remedy))
	}
	return nil
}
