package main

import (
	"os"
	"testing"

	"github.com/containerd/containerd/v2/core/containers"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/clone"
)

// addClone makes a clone's record, and a container of its name.
func (w *world) addClone(checkpoint string, labels map[string]string) clone.House {
	h, err := w.app.house()
	w.check(err)
	c, err := h.Claim(testID)
	w.check(err)
	w.check(c.Set(func(r *clone.Record) { r.Phase, r.Ref, r.Checkpoint = clone.Ready, "cp", checkpoint }))
	w.check(c.Release())
	_, err = w.containers.Create(w.ctx(), containers.Container{ID: testID, Labels: labels,
		Runtime: containers.RuntimeInfo{Name: runtimeOCI}, Spec: &anypb.Any{TypeUrl: specURL, Value: []byte(testSpec)}})
	w.check(err)
	w.tasks.start(testID)
	return h
}

// A container that took the name of a clone which is gone is not ended with
// the clone.
func TestCloneOwnsItsContainer(t *testing.T) {
	of := exampleManifest().ID
	for _, tc := range []struct {
		name, checkpoint, label string
		owns                    bool
	}{
		{"its own", of, of, true},
		{"another's", of, "", false},
		{"of another checkpoint", of, "ff", false},
		{"its record is torn", "", of, true},
		{"its record is torn, and it is another's", "", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			h := w.addClone(tc.checkpoint, map[string]string{clone.LabelCheckpoint: tc.label})
			w.check(w.app.removeClone(w.ctx(), w.client, h, testID))
			_, err := w.containers.Get(w.ctx(), testID)
			if gone := err != nil; gone != tc.owns || w.tasks.called("kill") != tc.owns {
				t.Errorf("gone: %v, killed: %v; owned: %v", gone, w.tasks.called("kill"), tc.owns)
			}
			if _, err := os.Stat(h.Dir(testID)); !os.IsNotExist(err) {
				t.Errorf("the clone's record: %v", err)
			}
		})
	}
}

func TestResetRefusesAnothers(t *testing.T) {
	w := newWorld(t)
	h := w.addClone(exampleManifest().ID, nil)
	held, err := h.Open(testID)
	w.check(err)
	c := newCloning(w.app, w.client, h, "cp", testID, cloneOptions{})
	c.clone, c.again = held, true
	if got := codeOf(t.Context(), c.rewind(w.ctx())); got != exitExists {
		t.Errorf("exit code %d", got)
	}
	if w.tasks.called("kill") || held.Phase != clone.Ready {
		t.Errorf("phase %s", held.Phase)
	}
}
