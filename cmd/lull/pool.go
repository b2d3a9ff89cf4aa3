package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/pkg/identifiers"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

func poolCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pool",
		Short: "Keep clones in stock, ready to be taken",
		Long: "Keep clones of a checkpoint in stock: they run, verified, before anybody asks for one, and taking one takes no time.\n" +
			"What is taken is an ordinary clone, and made good in the background.",
		Example: "  lull pool create shop:seeded tests --size 4\n" +
			"  eval \"$(lull pool take tests --env --ttl 30m)\"\n" +
			"  lull pool ls\n" +
			"  lull pool rm tests",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(poolCreateCommand(a), poolListCommand(a), poolTakeCommand(a), poolFillCommand(a), poolRemoveCommand(a))
	return cmd
}

// maxPool is a bound against slips of the hand: each clone in stock is a
// server that runs.
const maxPool = 256

func poolCreateCommand(a *app) *cobra.Command {
	var o cloneOptions
	var size int
	cmd := &cobra.Command{
		Use:   "create CHECKPOINT POOL",
		Short: "Begin a pool and fill it",
		Long: "Begin a pool and fill it. Either all of its clones are there in the end, verified, or there is no pool. Its\n" +
			"checkpoint's captures are kept for as long as the pool is there.",
		Example:           "  lull pool create shop:seeded tests --size 4",
		Args:              usage(cobra.ExactArgs(2)),
		ValidArgsFunction: completes(a.checkpointNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(o.check(nil), checkPool(args[1], size)); err != nil {
				return usageError(cmd, err)
			}
			var err error
			if o.order.OnClone, err = a.statements(o.onClone); err != nil {
				return usageError(cmd, err)
			}
			p := clone.Pool{Name: args[1], Namespace: a.namespace, Ref: args[0], Size: size, Order: o.order, Created: time.Now().UTC()}
			return a.createPool(cmd.Context(), p)
		},
	}
	cmd.Flags().IntVar(&size, "size", 2, "how many clones are to be in stock")
	o.orderFlags(cmd)
	return cmd
}

func checkPool(name string, size int) error {
	if err := identifiers.Validate(name); err != nil {
		return fmt.Errorf("%q cannot be a pool's name: %w", name, err)
	}
	if size < 1 || size > maxPool {
		return fmt.Errorf("--size %d: from 1 to %d", size, maxPool)
	}
	return nil
}

func (a *app) createPool(ctx context.Context, p clone.Pool) error {
	h, err := a.house()
	if err != nil {
		return err
	}
	if p.Checkpoint, err = a.checkpointID(ctx, p.Ref); err != nil {
		return err
	}
	if err := h.NewPool(p); err != nil {
		return poolFailure(p.Name, err)
	}
	if err := a.fillPool(ctx, h, p.Name); err != nil {
		return errors.Join(err, a.removePool(context.WithoutCancel(ctx), h, p.Name))
	}
	rows, err := poolRows(h, []clone.Pool{p})
	if err != nil {
		return err
	}
	return answer(a, rows, a.printPools)
}

// checkpointID is that of an image's checkpoint.
func (a *app) checkpointID(ctx context.Context, ref string) (string, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return "", err
	}
	defer client.Close()
	found, err := a.kept(ctx, client, []string{ref})
	if err != nil {
		return "", err
	}
	switch k := found[0]; {
	case k.Problem != nil:
		return "", k.Problem
	case k.ID() == "":
		return "", fail(exitManifest, "", "%s is no checkpoint of a database", ref)
	default:
		return k.ID(), nil
	}
}

// poolFailure gives the classes of a pool's failures their exit codes.
func poolFailure(name string, err error) error {
	switch {
	case errors.Is(err, clone.ErrPoolExists):
		return fail(exitExists, "take another name, or `lull pool rm` it", "there is a pool %s", name)
	case errors.Is(err, clone.ErrPoolUnknown):
		return fail(exitNotFound, "`lull pool ls` lists them", "there is no pool %s", name)
	case errors.Is(err, clone.ErrPoolBusy):
		return fail(exitOther, "try again when it is done", "another process is at work on pool %s", name)
	}
	return fmt.Errorf("pool %s: %w", name, err)
}
