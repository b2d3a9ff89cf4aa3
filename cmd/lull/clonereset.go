package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/store"
)

func resetCommand(a *app) *cobra.Command {
	var o cloneOptions
	cmd := &cobra.Command{
		Use:   "reset CLONE…",
		Short: "Put clones back to the checkpoint, at the same address",
		Long: "Put clones back to the checkpoint: what they wrote is thrown away, their address and URL stay. A clone whose reset\n" +
			"fails stays there without a server, to be reset again or removed.",
		Example:           "  lull reset test1 test2",
		Args:              usage(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completesEach(a.cloneNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.reset(cmd.Context(), args, o)
			if err != nil {
				return err
			}
			return a.answerClones(done, o)
		},
	}
	o.answerFlags(cmd)
	return cmd
}

func (a *app) reset(ctx context.Context, names []string, o cloneOptions) ([]cloned, error) {
	h, err := a.house()
	if err != nil {
		return nil, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, release, err := client.WithLease(ctx)
	if err != nil {
		return nil, err
	}
	defer a.releaseLease(ctx, release)
	all, err := a.holdForReset(client, h, names, o)
	defer func() {
		for _, c := range all {
			_ = c.clone.Release() // of what resetAll has released it is nothing
		}
	}()
	if err != nil {
		return nil, err
	}
	return resetAll(ctx, all)
}

// resetAll resets all of them at once. One that fails takes no other with it.
func resetAll(ctx context.Context, all []*cloning) (done []cloned, err error) {
	errs := make([]error, len(all))
	var group sync.WaitGroup
	for i, c := range all {
		group.Go(func() { errs[i] = c.attempt(ctx) })
	}
	group.Wait()
	for i, c := range all {
		if errs[i] != nil {
			errs[i] = errors.Join(fmt.Errorf("clone %s: %w", c.opts.name, errs[i]), c.takeBack(ctx))
			continue
		}
		done = append(done, c.report())
		errs[i] = errors.Join(c.keep(ctx), c.clone.Release())
	}
	return done, errors.Join(errs...)
}

// holdForReset takes hold of all clones before any is touched.
func (a *app) holdForReset(client *containerd.Client, h clone.House, names []string, o cloneOptions) (all []*cloning, err error) {
	for _, name := range names {
		held, err := h.Open(name)
		if err != nil {
			return all, cloneFailure(name, err)
		}
		if held.Phase != clone.Ready && held.Phase != clone.Resetting {
			return all, errors.Join(fail(exitOther, "make it again", "clone %s was never finished", name), held.Release())
		}
		o.order = held.Order
		c := newCloning(a, client, h, held.Ref, name, o)
		c.clone, c.again, c.opts.replace = held, true, true
		all = append(all, c)
	}
	return all, nil
}

// rewind ends the clone's server and takes away what it wrote.
func (c *cloning) rewind(ctx context.Context) error {
	other, err := anothers(ctx, c.client, c.clone)
	if err != nil {
		return err
	}
	if other {
		return fail(exitExists, "delete it, or remove the clone with `lull clone rm`", "container %s is not the clone's any more", c.clone.ID)
	}
	if err := c.clone.Set(func(r *clone.Record) { r.Phase = clone.Resetting }); err != nil {
		return err
	}
	if err := store.End(ctx, c.client, c.clone.ID, c.template.Snapshotter); err != nil {
		return err
	}
	return c.clone.Clear()
}
