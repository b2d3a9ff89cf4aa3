package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/containerd/containerd/api/types/task"
	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
)

// How the shim's verdict is waited for: it comes with the start, so this is
// for shims that answer before.
const (
	verdictPoll  = 20 * time.Millisecond
	verdictGrace = 10 * time.Second // on top of lull/restore-deadline
)

// verify waits until the shim has verified the database and opened it.
func (r *restoring) verify(ctx context.Context) error {
	settings, err := r.cfg.For(lullLabels(r.template.Labels))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, settings.RestoreDeadline+verdictGrace, errVerdict)
	defer cancel()
	for {
		done, err := r.verdict(ctx)
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(verdictPoll):
		}
	}
}

var errVerdict = fail(exitTimeout, "raise lull/restore-deadline", "the restored database was not verified in time")

// verdict reads the shim's record; a container without one is no database.
func (r *restoring) verdict(ctx context.Context) (done bool, err error) {
	rec, err := state.Read(state.Dir(r.cfg.StateDir, r.namespace, r.template.ID))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, r.unserved()
	case err != nil:
		return false, err
	case rec.Phase == state.Open:
		r.report(rec)
		return true, nil
	case rec.Phase == state.Refused:
		return false, fail(exitRestore, "", "%w", recorded(rec.Error))
	}
	return false, r.stillRuns(ctx)
}

// recorded is an error that the shim wrote down, its code included.
func recorded(text string) error {
	if _, plain, ok := rpccode.Split(errors.New(text)); ok {
		text = plain
	}
	return errors.New(text)
}

// served looks for the record that lull's shim has made when it has created the
// task. On a live volume old memory must not run for a moment without it.
func (r *restoring) served() error {
	rec, err := state.Read(state.Dir(r.cfg.StateDir, r.namespace, r.template.ID))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || rec.Phase != state.Restoring || unix.Kill(rec.ShimPid, 0) != nil { // of an earlier one, maybe
		return r.unserved()
	}
	return nil
}

// unserved: what has a manifest must not run without the shim that keeps it.
func (r *restoring) unserved() error {
	if r.manifest == nil {
		return nil
	}
	return fail(exitHost, "see `lull doctor`", "the restored %s is not served by lull's shim, which verifies it",
		r.manifest.Database.Engine)
}

func (r *restoring) report(rec state.Record) {
	r.done.Verified, r.done.VerifiedMillis = r.manifest != nil, millis(time.Since(r.steps.began))
	r.done.Checkpoint, r.done.Engine = rec.Checkpoint, rec.Engine
	r.done.Checked, r.done.Inner, r.done.Warnings = rec.Checked, rec.Steps, rec.Warnings
}

func (r *restoring) stillRuns(ctx context.Context) error {
	s, err := r.loadSubject(ctx, r.client, r.template.ID)
	if err != nil {
		return err
	}
	if s.status == task.Status_STOPPED {
		return fail(exitRestore, "see "+r.done.Log, "the restored database ended before it was verified")
	}
	return nil
}
