package main

import (
	"context"
	"errors"
	"time"

	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

func poolTakeCommand(a *app) *cobra.Command {
	var o cloneOptions
	cmd := &cobra.Command{
		Use:   "take POOL",
		Short: "Take a clone out of a pool",
		Long: "Take a clone out of a pool. It is the caller's from then on: `lull reset` puts it back to the checkpoint, and\n" +
			"`lull clone rm`, --ttl or --rm ends it. From an empty pool a clone is made while the caller waits.",
		Example:           "  eval \"$(lull pool take tests --env --ttl 30m)\"",
		Args:              usage(cobra.ExactArgs(1)),
		ValidArgsFunction: completes(a.poolNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return usageError(cmd, err)
			}
			done, err := a.take(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			return a.answerClones([]cloned{done}, o)
		},
	}
	o.lifeFlags(cmd)
	o.answerFlags(cmd)
	return cmd
}

func (a *app) take(ctx context.Context, name string, o cloneOptions) (cloned, error) {
	h, err := a.house()
	if err != nil {
		return cloned{}, err
	}
	p, err := h.Pool(name)
	if err != nil {
		return cloned{}, poolFailure(name, err)
	}
	done, ok, err := a.takeFromStock(ctx, h, p, o)
	if err == nil && !ok {
		done, err = a.takeFresh(ctx, p, o)
	}
	if problem := a.detached("pool", "fill", name); problem != nil {
		a.warn("fill the pool: %v", problem)
	}
	return done, err
}

func runs(tasks map[string]*task.Process, id string) bool {
	return tasks[id].GetStatus() == task.Status_RUNNING
}

// takeFresh makes one, of an empty pool.
func (a *app) takeFresh(ctx context.Context, p clone.Pool, o cloneOptions) (cloned, error) {
	o.pool, o.checkpoint, o.taken = p.Name, p.Checkpoint, true
	o.order = p.Order.Ending(o.order)
	all, err := a.clone(ctx, p.Ref, []string{memberName(p.Name)}, o)
	if err != nil {
		return cloned{}, err
	}
	return all[0], nil
}

// takeFromStock takes the first that nobody has and whose server runs; one
// that does not, as after a reboot, is removed.
func (a *app) takeFromStock(ctx context.Context, h clone.House, p clone.Pool, o cloneOptions) (done cloned, ok bool, err error) {
	stock, err := h.Stock(p.Name)
	if err != nil || len(stock) == 0 {
		return done, false, err
	}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return done, false, err
	}
	defer client.Close()
	tasks, err := taskMap(ctx, client)
	if err != nil {
		return done, false, err
	}
	for _, r := range stock {
		c, err := h.Open(r.ID)
		if errors.Is(err, clone.ErrBusy) || errors.Is(err, clone.ErrUnknown) {
			continue
		}
		if err != nil {
			return done, false, err
		}
		if !c.InStock() { // somebody was faster
			err = c.Release()
		} else if !runs(tasks, r.ID) {
			err = a.endClone(ctx, client, c)
		} else {
			done, err = a.hand(ctx, client, c, p, o)
			ok = true
		}
		if ok || err != nil {
			return done, ok, errors.Join(err, c.Release())
		}
	}
	return done, false, nil
}

// hand makes a clone the caller's, or leaves it in stock.
func (a *app) hand(ctx context.Context, client *containerd.Client, c *clone.Clone, p clone.Pool, o cloneOptions) (cloned, error) {
	began := time.Now()
	info, err := client.ContainerService().Get(ctx, c.ID)
	if err != nil {
		return cloned{}, err
	}
	if err := a.mark(c, p, o); err != nil {
		return cloned{}, err
	}
	if c.Order.Timed() {
		if problem := a.startWatch(); problem != nil {
			a.warn("%v", problem)
		}
	}
	done := clonedOf(c.Record, environment(info.Spec.GetValue()), o)
	done.TakenMillis = millis(time.Since(began))
	return done, nil
}

// mark notes all that taking changes at once, and takes it back when the clone
// cannot be published.
func (a *app) mark(c *clone.Clone, p clone.Pool, o cloneOptions) error {
	was, to := c.Record, c.Record
	l, err := reserve(&to, o.publish)
	if err != nil {
		return err
	}
	to.Taken, to.Order = true, p.Order.Ending(o.order)
	err = c.Set(func(r *clone.Record) { *r = to })
	if err == nil {
		err = a.startPublisher(c.ID, l)
	}
	if err == nil {
		return nil
	}
	if l != nil {
		err = errors.Join(err, ignoreClosed(l.Close()))
	}
	return errors.Join(err, c.Set(func(r *clone.Record) { *r = was }))
}
