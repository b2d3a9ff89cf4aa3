package main

import (
	"context"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/store"
)

// captures are this host's.
func (a *app) captures() (store.Captures, error) {
	cfg, err := a.config()
	return store.CapturesIn(cfg.StoreDir), err
}

// kept finds checkpoint images by name in the namespace of the flags.
func (a *app) kept(ctx context.Context, client *containerd.Client, refs []string) ([]store.Kept, error) {
	ctx = namespaces.WithNamespace(ctx, a.namespace)
	var all []store.Kept
	for _, ref := range refs {
		k, err := store.Look(ctx, client, a.namespace, ref)
		if err != nil {
			return nil, withRemedy(err, "`lull ls` lists the checkpoints")
		}
		all = append(all, k)
	}
	return all, nil
}

// idOr is a checkpoint's id, cut short for people.
func idOr(id, or string) string {
	const shown = 12
	if len(id) < shown {
		return or
	}
	return id[:shown]
}

// libraryCommands are those for checkpoints that there are.
func libraryCommands(a *app) []*cobra.Command {
	return []*cobra.Command{lsCommand(a), rmCommand(a), verifyCommand(a), pruneCommand(a), pushCommand(a), pullCommand(a), exportCommand(a), importCommand(a)}
}
