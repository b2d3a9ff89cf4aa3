package main

import (
	"context"
	"path/filepath"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/store"
	"github.com/lull-containers/lull/store/transfer"
)

// cargo is a checkpoint that is to be carried away, and how.
type cargo struct {
	client   *containerd.Client
	captures store.Captures
	kept     store.Kept
	options  transfer.PushOptions
}

// load finds the checkpoint and reads the keys. The caller closes the client.
func (a *app) load(ctx context.Context, ref string, o pushFlags) (*cargo, context.Context, error) {
	to, names, err := recipients(o.recipients, o.files)
	if err != nil {
		return nil, ctx, err
	}
	c, err := a.captures()
	if err != nil {
		return nil, ctx, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, ctx, err
	}
	found, err := a.kept(ctx, client, []string{ref})
	if err != nil {
		client.Close()
		return nil, ctx, err
	}
	return &cargo{client, c, found[0], transfer.PushOptions{
		Recipients: to, Names: names, Plaintext: o.plaintext, Journals: pushJournals(c),
	}}, ctx, nil
}

// pushJournals is where interrupted pushes say how far they came.
func pushJournals(c store.Captures) string { return filepath.Join(c.Dir, "pushes") }

func (l *cargo) push(ctx context.Context, to transfer.Place, progress func(done, total int64)) (transfer.Pushed, error) {
	l.options.Progress = progress
	return transfer.Push(ctx, l.client, l.captures, l.kept, to, l.options)
}
