package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/internal/state"
)

// free refuses a name that is in use, and says by what.
func (r *restoring) free(ctx context.Context) error {
	if r.opts.replace {
		return nil
	}
	id := r.template.ID
	s, err := r.loadSubject(ctx, r.client, id)
	var coder exitCoder
	if errors.As(err, &coder) && coder.ExitCode() == exitNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if s.alive() {
		return fail(exitLives, "stop and delete it, or give the restored one another NAME",
			"container %s is %s", id, map[bool]string{true: "paused", false: "running"}[s.status == task.Status_PAUSED])
	}
	return fail(exitExists, fmt.Sprintf("delete it with `ctr -n %s containers delete %s`, or give the restored one another NAME", s.namespace, id),
		"there is a container %s", id)
}

func (r *restoring) permit(context.Context) error {
	if r.opts.onDrift == "" {
		return nil
	}
	r.undo.Push(undoPermit, func(context.Context) error { return r.withdraw() })
	now := time.Now()
	return state.Allow(r.cfg.StateDir, r.namespace, r.template.ID,
		state.Permit{OnDrift: r.opts.onDrift, Created: now, Expires: now.Add(10 * time.Minute)})
}

// withdraw takes our permit away, if the shim has not used it.
func (r *restoring) withdraw() error {
	if r.opts.onDrift == "" {
		return nil
	}
	_, _, err := state.Take(r.cfg.StateDir, r.namespace, r.template.ID, time.Now())
	return err
}
