package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/errdefs"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/store"
)

func cloneRemoveCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:               "rm CLONE…",
		Short:             "Remove clones with all that is theirs",
		ValidArgsFunction: completesEach(a.cloneNames),
		Args: usage(func(_ *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return errors.New("name clones, or say --all")
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.removeClones(cmd.Context(), args, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every clone of the namespace, but for those in stock of a pool")
	return cmd
}

func (a *app) removeClones(ctx context.Context, names []string, all bool) error {
	h, err := a.house()
	if err != nil {
		return err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	if all {
		records, err := h.List()
		if err != nil {
			return err
		}
		for _, r := range records {
			if !r.InStock() || !pooled(h, r) {
				names = append(names, r.ID)
			}
		}
	}
	var errs []error
	for _, name := range names {
		a.progress("%s: remove", name)
		errs = append(errs, a.removeClone(ctx, client, h, name))
	}
	return errors.Join(append(errs, h.Tidy())...)
}

func (a *app) removeClone(ctx context.Context, client *containerd.Client, h clone.House, name string) error {
	c, err := h.Open(name)
	if err != nil {
		return cloneFailure(name, err)
	}
	if err := a.endClone(ctx, client, c); err != nil {
		return errors.Join(err, c.Release())
	}
	return nil
}

// cloneTime bounds taking one clone away.
const cloneTime = time.Minute

// endClone removes a clone that we hold, its container first. What was begun
// is ended though ctx is. A container that is not the clone's stays.
func (a *app) endClone(ctx context.Context, client *containerd.Client, c *clone.Clone) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cloneTime)
	defer cancel()
	other, err := anothers(ctx, client, c)
	if err != nil {
		return err
	}
	published, id := c.Published, c.Checkpoint
	if other {
		a.warn("container %s is not the clone's any more and stays", c.ID)
		return errors.Join(c.Remove(), unpublished(ctx, published), a.reclaim(ctx, client, id))
	}
	if err := store.End(ctx, client, c.ID, c.Snapshotter); err != nil {
		return err
	}
	return errors.Join(a.removeLog(c.ID), c.Remove(), unpublished(ctx, published), a.reclaim(ctx, client, id))
}

// reclaim removes what a checkpoint captured, if its image went before the last
// of those who stood on it.
func (a *app) reclaim(ctx context.Context, client *containerd.Client, id string) error {
	if id == "" {
		return nil
	}
	c, err := a.captures()
	if err != nil {
		return err
	}
	return c.Reclaim(ctx, client, id)
}

// anothers tells whether the container of a clone's name is not the clone's.
func anothers(ctx context.Context, client *containerd.Client, c *clone.Clone) (bool, error) {
	found, err := client.ContainerService().Get(ctx, c.ID)
	if errdefs.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !c.Owns(found.Labels), nil
}

// cloneFailure gives the classes of package clone their exit codes.
func cloneFailure(name string, err error) error {
	switch {
	case errors.Is(err, clone.ErrUnknown):
		return fail(exitNotFound, "`lull clone ls` lists them", "there is no clone %s", name)
	case errors.Is(err, clone.ErrBusy):
		return fail(exitOther, "try again when it is done", "another process is at work on clone %s", name)
	}
	return fmt.Errorf("clone %s: %w", name, err)
}

// sweepClones takes back what killed processes left half made, and what has
// expired.
func (a *app) sweepClones(ctx context.Context, client *containerd.Client, h clone.House) error {
	records, err := h.List()
	if err != nil {
		return err
	}
	var errs []error
	swept := false
	for _, r := range records {
		if r.Phase == clone.Unreadable {
			a.warn("the record of clone %s cannot be read; `lull clone rm` removes the clone", r.ID)
		}
		if !rubbish(h, r, time.Now()) {
			continue
		}
		done, err := a.sweepClone(ctx, client, h, r.ID)
		swept = swept || done
		errs = append(errs, err)
	}
	if swept {
		errs = append(errs, h.Tidy())
	}
	return errors.Join(errs...)
}

// rubbish is what is half made, has expired, or is in stock of no pool.
func rubbish(h clone.House, r clone.Record, now time.Time) bool {
	half := r.Phase == clone.Making || r.Phase == clone.Removing
	return half || !r.Order.Expires.IsZero() && now.After(r.Order.Expires) || r.InStock() && !pooled(h, r)
}

// pooled tells whether a clone's pool is there.
func pooled(h clone.House, r clone.Record) bool {
	_, err := h.Pool(r.Pool)
	return r.Pool != "" && !errors.Is(err, clone.ErrPoolUnknown)
}

// sweepClone leaves one that somebody is at work on alone; with the lock in
// hand it looks again.
func (a *app) sweepClone(ctx context.Context, client *containerd.Client, h clone.House, id string) (done bool, err error) {
	c, err := h.Open(id)
	if errors.Is(err, clone.ErrBusy) || errors.Is(err, clone.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !rubbish(h, c.Record, time.Now()) {
		return false, c.Release()
	}
	if err := a.endClone(ctx, client, c); err != nil {
		return false, errors.Join(fmt.Errorf("clone %s: %w", id, err), c.Release())
	}
	return true, nil
}
