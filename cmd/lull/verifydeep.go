package main

import (
	"context"
	"errors"
	"path/filepath"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"

	"github.com/lull-containers/lull/deep"
	"github.com/lull-containers/lull/store"
)

// deepChecks has the database's own programs check what a checkpoint captured.
// Findings are there also when one of them is of damage.
func (a *app) deepChecks(ctx context.Context, client *containerd.Client, k store.Kept) ([]deep.Finding, error) {
	ctx, ref := namespaces.WithNamespace(ctx, k.Namespace), k.Image.Name
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	// Until it has a container, containerd would collect its snapshot as garbage.
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return nil, err
	}
	defer a.releaseLease(ctx, release)
	c, err := openCheckpoint(ctx, client, ref)
	if err != nil {
		return nil, err
	}
	m, unusable, err := store.Manifest(ctx, client.ContentStore(), c)
	if err = errors.Join(err, unusable); err != nil {
		return nil, err
	}
	found := []deep.Finding{}
	v := deep.Verifier{Client: client, Image: c, Manifest: m, Captures: store.CapturesIn(cfg.StoreDir), Dir: filepath.Join(cfg.StoreDir, "deep")}
	a.progress("copying what was captured")
	err = v.Verify(ctx, func(f deep.Finding) {
		a.progress("%s: %s", f.Check, f.Outcome)
		found = append(found, f)
	})
	if errors.Is(err, deep.ErrDamaged) {
		err = fail(exitDamaged, "take another checkpoint for a restore, and repair the database that it was taken of", "%s: %w", ref, err)
	}
	return found, err
}

func deepSection(all []deep.Finding) section {
	s := section{title: "by the database's own programs"}
	for _, f := range all {
		word := string(f.Outcome)
		if f.Detail != "" {
			word += ": " + f.Detail
		}
		s.add(f.Check, "%s", word)
	}
	return s
}
