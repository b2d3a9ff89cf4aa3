package main

import (
	"testing"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/clone"
)

// What is in stock of a pool that is gone is rubbish; what was taken is not.
func TestRubbishOfAPool(t *testing.T) {
	w := newWorld(t)
	h, err := w.app.house()
	w.check(err)
	w.check(h.NewPool(clone.Pool{Name: "there", Checkpoint: exampleManifest().ID}))
	for _, tc := range []struct {
		record clone.Record
		want   bool
	}{
		{clone.Record{Phase: clone.Ready, Pool: "there"}, false},
		{clone.Record{Phase: clone.Ready, Pool: "gone"}, true},
		{clone.Record{Phase: clone.Ready, Pool: "gone", Taken: true}, false},
		{clone.Record{Phase: clone.Resetting, Pool: "gone"}, false},
		{clone.Record{Phase: clone.Making, Pool: "there"}, true},
	} {
		if got := rubbish(h, tc.record, tc.record.Created); got != tc.want {
			t.Errorf("%+v: %v", tc.record, got)
		}
	}
}

// What does not run is no stock.
func TestDeadIsNoStock(t *testing.T) {
	w := newWorld(t)
	of := exampleManifest().ID
	h := w.addClone(of, map[string]string{clone.LabelCheckpoint: of})
	p := clone.Pool{Name: "tests", Namespace: testNS, Checkpoint: of, Size: 1}
	w.check(h.NewPool(p))
	c, err := h.Open(testID)
	w.check(err)
	w.check(c.Set(func(r *clone.Record) { r.Pool = p.Name }))
	w.check(c.Release())
	w.check(w.app.endDead(w.ctx(), w.client, h, p.Name))
	if names := missing(h, p); len(names) != 0 {
		t.Errorf("while it runs: %q", names)
	}
	w.tasks.set(testID, task.Status_STOPPED)
	w.check(w.app.endDead(w.ctx(), w.client, h, p.Name))
	if names := missing(h, p); len(names) != 1 {
		t.Errorf("when it has ended: %q", names)
	}
}
