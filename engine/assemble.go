package engine

import (
	"slices"
	"time"

	"github.com/lull-containers/lull/internal/version"
	"github.com/lull-containers/lull/manifest"
)

// assemble is the manifest as far as it is known when the dump has ended.
func (d *dump) assemble() *manifest.Manifest {
	return &manifest.Manifest{
		Schema:       manifest.Schema,
		Status:       manifest.Pending,
		ID:           d.id,
		Created:      time.Now().UTC(),
		Version:      version.Version(),
		Container:    d.container(),
		Asked:        d.asked(),
		Reached:      d.reached(),
		Database:     d.db,
		Transactions: d.tx,
		Held:         d.allHeld(),
		Network:      d.network,
		Volumes:      []manifest.Volume{}, // describe lists them
		Host:         d.host,
		Validations:  d.validated(),
		Steps:        d.rec.steps,
		FrozenMillis: d.stoodFor(),
	}
}

// stoodFor is how long the container has been frozen, in milliseconds.
func (k *Cut) stoodFor() float64 {
	if k.thawed.IsZero() {
		return millis(time.Since(k.frozen))
	}
	return millis(k.thawed.Sub(k.frozen))
}

func (d *dump) container() manifest.Container {
	return manifest.Container{
		ID: d.c.ID, Namespace: d.c.Namespace, Image: d.c.Image, Snapshotter: d.c.Snapshotter,
		Runtime: d.c.Runtime, Labels: d.c.Labels, Exit: d.req.Exit,
	}
}

func (d *dump) asked() manifest.Asked {
	s := d.c.Settings
	return manifest.Asked{
		Mode: d.mode(), Require: manifest.Level(s.Require), InFlight: s.InFlight,
		Connections: s.Connections, OnDrift: s.OnDrift, Volumes: s.Volumes,
	}
}

func (d *dump) reached() manifest.Reached {
	r := manifest.Reached{Level: d.level, Fenced: d.fenced, Warnings: d.warnings}
	if d.reason != nil {
		r.Warnings = append(r.Warnings, d.reason.Error())
	}
	return r
}

// allHeld are the session's own locks and what outlives the session, each once.
func (d *dump) allHeld() []manifest.Held {
	all := slices.DeleteFunc(slices.Clone(d.held), func(h manifest.Held) bool { return h.Release != manifest.BySession })
	return append(all, d.lasting...)
}
