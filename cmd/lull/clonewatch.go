package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/api/types/task"
	containerd "github.com/containerd/containerd/v2/client"
	"github.com/spf13/cobra"

	"github.com/lull-containers/lull/clone"
)

// watchPoll is how often the watcher looks.
const watchPoll = time.Second

// cloneWatchCommand ends clones whose time is over, or whose server has ended.
// It is started by `lull clone`, outlives it, and ends with the last of them.
func cloneWatchCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "watch",
		Short:  "End clones whose time is over",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE:   func(cmd *cobra.Command, _ []string) error { return a.watch(cmd.Context()) },
	}
}

// startWatch starts a watcher; where one is at work already it ends at once.
func (a *app) startWatch() error {
	if err := a.detached("clone", "watch"); err != nil {
		return fmt.Errorf("start what ends the clones: %w; `lull clone rm` ends them", err)
	}
	return nil
}

// watch works until no clone needs it. It looks once more when it has let go:
// the watcher of a clone that came meanwhile found the lock taken.
func (a *app) watch(ctx context.Context) error {
	h, err := a.house()
	if err != nil {
		return err
	}
	for {
		unlock, err := h.Watch()
		if errors.Is(err, clone.ErrBusy) {
			return nil
		}
		if err != nil {
			return err
		}
		a.watchAll(ctx, h)
		if err := unlock(); err != nil {
			return err
		}
		if timed, err := timedClones(h); err != nil || len(timed) == 0 || ctx.Err() != nil {
			return err
		}
	}
}

func (a *app) watchAll(ctx context.Context, h clone.House) {
	for ctx.Err() == nil {
		timed, err := timedClones(h)
		if err == nil && len(timed) == 0 {
			return
		}
		if err == nil {
			err = a.watchOnce(ctx, h, timed)
		}
		if err != nil {
			a.warn("%v", err) // containerd may be away for a while
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPoll):
		}
	}
}

// timedClones are those that end by themselves.
func timedClones(h clone.House) (timed []clone.Record, err error) {
	all, err := h.List()
	for _, r := range all {
		if r.Phase == clone.Ready && r.Order.Timed() {
			timed = append(timed, r)
		}
	}
	return timed, err
}

func (a *app) watchOnce(ctx context.Context, h clone.House, timed []clone.Record) error {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	tasks, err := taskMap(ctx, client)
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range timed {
		if over(h, r, tasks) {
			errs = append(errs, a.watchEnd(ctx, client, h, r.ID))
		}
	}
	return errors.Join(errs...)
}

// over tells whether a clone's time is over, or its server has ended that it is
// to be removed with.
func over(h clone.House, r clone.Record, tasks map[string]*task.Process) bool {
	status := tasks[r.ID].GetStatus()
	alive := status == task.Status_RUNNING || status == task.Status_PAUSED || status == task.Status_PAUSING
	return rubbish(h, r, time.Now()) || r.Order.Remove && !alive
}

// watchEnd leaves a clone that somebody works on for the next look.
func (a *app) watchEnd(ctx context.Context, client *containerd.Client, h clone.House, id string) error {
	c, err := h.Open(id)
	if errors.Is(err, clone.ErrBusy) || errors.Is(err, clone.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	tasks, err := taskMap(ctx, client) // it may have been reset since the first look
	if err != nil || c.Phase != clone.Ready || !over(h, c.Record, tasks) {
		return errors.Join(err, c.Release())
	}
	if err := a.endClone(ctx, client, c); err != nil {
		return errors.Join(err, c.Release())
	}
	return h.Tidy()
}
