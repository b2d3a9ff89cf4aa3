package shim

import (
	"context"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/netns"
	"github.com/lull-containers/lull/internal/rawspec"
)

// makeNetwork makes the network namespace if it is ours to make.
func (t *task) makeNetwork() error {
	if t.c.Network.Mode != engine.NetworkLull {
		return nil
	}
	path := t.c.Network.Path
	if err := netns.Remove(path); err != nil { // of a container of this name that was killed
		return err
	}
	t.undo.Push("the network namespace", func(context.Context) error { return netns.Remove(path) })
	return netns.Create(path)
}

// configure writes into the bundle's spec what runc has to know from the start.
func (t *task) configure() error {
	return edit(t.c.Bundle, func(spec map[string]any) error {
		// runc looks for it in the configuration that the container was created with.
		rawspec.Annotate(spec, criu.ConfigAnnotation, t.c.Paths.CRIUConf)
		if t.c.Network.Mode == engine.NetworkLull {
			return rawspec.SetNetNS(spec, t.c.Network.Path)
		}
		return nil
	})
}
