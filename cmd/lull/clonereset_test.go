package main

import (
	"context"
	"errors"
	"testing"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/clone"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// placed is a setting that does nothing, or fails.
type placed struct{ err error }

func (p placed) place() []stage {
	return []stage{{"place", func(context.Context) error { return p.err }}}
}
func (placed) settle(context.Context, *restoring) error { return nil }

func (w *world) resetting(h clone.House, name string, s setting) *cloning {
	held, err := h.Claim(name)
	w.check(err)
	c := newCloning(w.app, w.client, h, "cp", name, cloneOptions{})
	c.clone, c.again, c.setting, c.say = held, true, s, func(string, ...any) {}
	return c
}

func TestResetKeepsWhatWasReset(t *testing.T) {
	w := newWorld(t)
	w.addCheckpoint(manifest.Sealed)
	w.shim(state.Record{Phase: state.Open})
	h, err := w.app.house()
	w.check(err)
	all := []*cloning{w.resetting(h, testID, placed{}), w.resetting(h, "other", placed{errBoom})}
	done, err := resetAll(w.ctx(), all)
	if !errors.Is(err, errBoom) || len(done) != 1 || done[0].Name != testID {
		t.Errorf("done %+v, %v", done, err)
	}
	if s := w.tasks.is(testID); s != task.Status_RUNNING {
		t.Errorf("what was reset is %v", s)
	}
}

func TestResetRefusesAMovedTag(t *testing.T) {
	for checkpoint, code := range map[string]int{exampleManifest().ID: exitOK, "ff": exitManifest} {
		c := &cloning{restoring: &restoring{manifest: exampleManifest()}, again: true, clone: &clone.Clone{Record: clone.Record{Checkpoint: checkpoint}}}
		if got := codeOf(t.Context(), c.unmoved(t.Context())); got != code {
			t.Errorf("%s: exit code %d, want %d", checkpoint, got, code)
		}
	}
}
