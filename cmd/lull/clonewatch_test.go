package main

import (
	"errors"
	"testing"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/clone"
)

// The first look is old when the clone is ended: it may run again.
func TestWatchLooksAgain(t *testing.T) {
	w := newWorld(t)
	of := exampleManifest().ID
	h := w.addClone(of, map[string]string{clone.LabelCheckpoint: of})
	c, err := h.Open(testID)
	w.check(err)
	w.check(c.Set(func(r *clone.Record) { r.Order.Remove = true }))
	w.check(c.Release())
	w.check(w.app.watchEnd(w.ctx(), w.client, h, testID))
	if _, err := h.Read(testID); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	w.tasks.set(testID, task.Status_STOPPED)
	w.check(w.app.watchEnd(w.ctx(), w.client, h, testID))
	if _, err := h.Read(testID); !errors.Is(err, clone.ErrUnknown) {
		t.Errorf("when it has ended: %v", err)
	}
}
