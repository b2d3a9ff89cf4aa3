package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

func poolFillCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "fill POOL",
		Short: "Make good what was taken",
		Long: "Make good what was taken, and wait for it. `lull pool take` starts this in the background; after a failure, which\n" +
			"`lull pool ls` shows, or from a timer it can be run by itself.",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completes(a.poolNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.house()
			if err != nil {
				return err
			}
			return a.fillPool(cmd.Context(), h, args[0])
		},
	}
}

// fillPool works until nothing is missing. It looks once more when it has let
// go: who took one meanwhile found the lock taken.
func (a *app) fillPool(ctx context.Context, h clone.House, name string) error {
	for {
		unlock, err := h.LockPool(name)
		if errors.Is(err, clone.ErrPoolBusy) {
			return nil // whoever fills it sees to the rest
		}
		if err != nil {
			return poolFailure(name, err)
		}
		err = a.fillLocked(ctx, h, name)
		if err := errors.Join(err, unlock()); err != nil {
			return err
		}
		if p, err := h.Pool(name); err != nil || len(missing(h, p)) == 0 {
			return nil //nolint:nilerr // the pool was removed
		}
	}
}

// fillLocked makes all that are missing at once, and again what is taken
// meanwhile. A pool that is removed ends it, and what it was making.
func (a *app) fillLocked(ctx context.Context, h clone.House, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go endWithPool(ctx, h, name, cancel)
	for {
		p, err := h.Pool(name)
		if errors.Is(err, clone.ErrPoolUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.dropDead(ctx, h, name); err != nil {
			return a.fillFailed(ctx, h, name, err)
		}
		names := missing(h, p)
		if len(names) == 0 {
			return h.SetTrouble(name, nil)
		}
		_, err = a.clone(ctx, p.Ref, names, cloneOptions{order: p.Order, pool: p.Name, checkpoint: p.Checkpoint})
		if err != nil {
			return a.fillFailed(ctx, h, name, err)
		}
	}
}

func (a *app) dropDead(ctx context.Context, h clone.House, name string) error {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return a.endDead(ctx, client, h, name)
}

// endDead removes what is in stock and does not run any more, as after a
// reboot.
func (a *app) endDead(ctx context.Context, client *containerd.Client, h clone.House, name string) error {
	stock, err := h.Stock(name)
	if err != nil || len(stock) == 0 {
		return err
	}
	tasks, err := taskMap(ctx, client)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range stock {
		if !runs(tasks, r.ID) {
			errs = append(errs, a.endStopped(ctx, client, h, r.ID))
		}
	}
	return errors.Join(errs...)
}

// endStopped looks again, with the lock in hand.
func (a *app) endStopped(ctx context.Context, client *containerd.Client, h clone.House, id string) error {
	c, err := h.Open(id)
	if errors.Is(err, clone.ErrBusy) || errors.Is(err, clone.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	tasks, err := taskMap(ctx, client)
	if err != nil || !c.InStock() || runs(tasks, id) {
		return errors.Join(err, c.Release())
	}
	return errors.Join(a.endClone(ctx, client, c), c.Release())
}

func (a *app) fillFailed(ctx context.Context, h clone.House, name string, err error) error {
	if _, gone := h.Pool(name); errors.Is(gone, clone.ErrPoolUnknown) {
		return nil
	}
	return errors.Join(err, h.SetTrouble(name, errors.New(explain(ctx, err))))
}

// poolPoll is how often whoever fills a pool looks whether it is still there.
const poolPoll = 200 * time.Millisecond

func endWithPool(ctx context.Context, h clone.House, name string, end func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(poolPoll):
		}
		if _, err := h.Pool(name); errors.Is(err, clone.ErrPoolUnknown) {
			end()
			return
		}
	}
}

// missing are names for the clones that a pool lacks. One whose stock cannot
// be counted lacks none.
func missing(h clone.House, p clone.Pool) (names []string) {
	stock, err := h.Stock(p.Name)
	if err != nil {
		return nil
	}
	for range p.Size - len(stock) {
		names = append(names, memberName(p.Name))
	}
	return names
}

// memberName is one that nobody has had: a test that still knows a clone of
// before must not meet another.
func memberName(pool string) string {
	const enough = 10
	return pool + "-" + strings.ToLower(rand.Text()[:enough])
}
