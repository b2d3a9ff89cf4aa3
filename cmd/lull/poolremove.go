package main

import (
	"context"
	"errors"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

func poolRemoveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rm POOL…",
		Short: "Remove pools and what they have in stock",
		Long: "Remove pools and what they have in stock. A refill that is under way is ended. Clones that were taken stay;\n" +
			"`lull clone rm` removes them.",
		Example:           "  lull pool rm tests",
		Args:              usage(cobra.MinimumNArgs(1)),
		ValidArgsFunction: completesEach(a.poolNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := a.house()
			if err != nil {
				return err
			}
			var errs []error
			for _, name := range args {
				errs = append(errs, a.removePool(cmd.Context(), h, name))
			}
			return errors.Join(errs...)
		},
	}
}

// removePool closes the pool first: from then on what is in stock is rubbish,
// whoever is killed.
func (a *app) removePool(ctx context.Context, h clone.House, name string) error {
	p, err := h.AnyPool(name)
	if err != nil {
		return poolFailure(name, err)
	}
	if err := h.ClosePool(p); err != nil {
		return poolFailure(name, err)
	}
	unlock, err := a.awaitPool(ctx, h, name)
	if err != nil {
		return poolFailure(name, err)
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return errors.Join(err, unlock())
	}
	defer client.Close()
	a.progress("%s: remove what is in stock", name)
	return errors.Join(a.endStock(ctx, client, h, name), h.RemovePool(name), unlock(), h.Tidy(), a.reclaim(ctx, client, p.Checkpoint))
}

// refillTime bounds the wait for a refill to take back what it has begun.
const refillTime = 2 * time.Minute

func (a *app) awaitPool(ctx context.Context, h clone.House, name string) (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, refillTime)
	defer cancel()
	for said := false; ; said = true {
		unlock, err := h.LockPool(name)
		if !errors.Is(err, clone.ErrPoolBusy) || ctx.Err() != nil {
			return unlock, err
		}
		if !said {
			a.progress("%s: wait for the refill to end", name)
		}
		time.Sleep(poolPoll)
	}
}

func (a *app) endStock(ctx context.Context, client *containerd.Client, h clone.House, name string) error {
	stock, err := h.Stock(name)
	errs := []error{err}
	for _, r := range stock {
		_, err := a.sweepClone(ctx, client, h, r.ID)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
