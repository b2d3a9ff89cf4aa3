package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/engine"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/plugin/docker"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/volume"
)

// unwritten refuses, in the shim's words, a checkpoint with a volume that was
// written since. It only looks, and what it cannot tell the shim will.
func (d dockerAdvice) unwritten(ctx context.Context, k dockerd.Container, dir string, m *manifest.Manifest) error {
	if k.Running || k.Annotations[quiesce.LabelEngine] == quiesce.None {
		return nil // dockerd refuses, and the shim does not look
	}
	onDrift, err := d.onDrift(k)
	if err != nil || onDrift != driftRefuse {
		return err
	}
	for _, v := range m.Volumes {
		if err := d.compare(ctx, k, dir, m, v); err != nil {
			return err
		}
	}
	return nil
}

// onDrift is the permit's answer, which stays, or the label's.
func (d dockerAdvice) onDrift(k dockerd.Container) (string, error) {
	p, ok, err := state.Look(d.cfg.StateDir, d.namespace, k.ID, time.Now())
	if err != nil || ok {
		return p.OnDrift, err
	}
	s, err := d.cfg.For(lullLabels(k.Labels))
	return s.OnDrift, err
}

func (d dockerAdvice) compare(ctx context.Context, k dockerd.Container, dir string, m *manifest.Manifest, v manifest.Volume) error {
	folder := k.Folder(v.Destination)
	if v.Kind != string(volume.Bind) || folder == "" {
		return nil
	}
	if err := m.VerifyFile(ctx, dir, v.Fingerprint.List); err != nil {
		return err
	}
	list, err := volume.ReadFile(filepath.Join(dir, v.Fingerprint.List))
	if err != nil {
		return err
	}
	if alone, err := list.Undisturbed(state.Leases(d.cfg.StateDir), folder); err != nil || !alone {
		return err
	}
	drift, err := volume.Compare(ctx, folder, list)
	if err != nil || !drift.Any() {
		return err
	}
	return &docker.Refusal{Text: rpccode.Wrap(rpccode.Drift, engine.Written(v, folder, drift, k.Name)).Error()}
}
