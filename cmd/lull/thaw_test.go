package main

import (
	"testing"

	"github.com/containerd/containerd/api/types/task"

	"github.com/lull-containers/lull/internal/state"
)

const running = task.Status_RUNNING

func TestThawOne(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*world)
		how    string
		code   int
	}{
		{"runs", func(*world) {}, notPaused, exitOK},
		{"paused", func(w *world) { w.tasks.set(testID, task.Status_PAUSED) }, byResume, exitOK},
		{"the shim fails", func(w *world) {
			w.tasks.set(testID, task.Status_PAUSED)
			w.tasks.fail["resume"] = errBoom
		}, byCgroup, exitOK},
		{"the shim lies", func(w *world) {
			w.tasks.set(testID, task.Status_PAUSED)
			w.tasks.lies = true
		}, byCgroup, exitOK},
		{"frozen though containerd says it runs", func(w *world) {
			w.tasks.set(testID, task.Status_PAUSED)
			w.tasks.status[testID] = running
		}, byCgroup, exitOK},
		{"paused though the kernel says it runs", func(w *world) {
			w.tasks.set(testID, task.Status_PAUSED)
			w.tasks.fail["resume"] = errBoom
			w.tasks.set(testID, running)
			w.tasks.status[testID] = task.Status_PAUSED
		}, byResume, exitOther},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.addContainer()
			tc.change(w)
			done, err := thawOne(w.ctx(), w.client, w.subject())
			if done.How != tc.how || codeOf(w.ctx(), err) != tc.code {
				t.Errorf("%+v, %v; want %s, %d", done, err, tc.how, tc.code)
			}
			w.wantFrozen(false)
			if done.text() == "" {
				t.Error("it does not say what it did")
			}
		})
	}
}

// --all leaves alone what lull does not serve.
func TestThawAll(t *testing.T) {
	for _, served := range []bool{true, false} {
		w := newWorld(t)
		w.addContainer()
		w.tasks.set(testID, task.Status_PAUSED)
		if !served {
			w.check(state.Remove(state.Dir(w.cfg.StateDir, testNS, testID)))
		}
		done, err := w.app.thawAll(w.ctx(), w.client)
		w.check(err)
		if got := w.tasks.is(testID); (got == running) != served || (len(done) == 1) != served {
			t.Errorf("served %v: %v, %+v", served, got, done)
		}
	}
}

func TestPsAsksContainerd(t *testing.T) {
	w := newWorld(t)
	w.addContainer()
	all, err := w.app.subjects(w.ctx(), w.client, testNS)
	w.check(err)
	if len(all) != 1 || !all[0].database() || !all[0].alive() || all[0].status != running {
		t.Errorf("subjects: %+v", all)
	}
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	w.addContainer()
	if _, err := w.app.find(w.ctx(), w.client, testID); err != nil {
		t.Error(err)
	}
	if _, err := w.app.find(w.ctx(), w.client, "d"); codeOf(w.ctx(), err) != exitNotFound {
		t.Errorf("part of a name: %v", err)
	}
	w.app.namespace = "other"
	_, err := w.app.find(otherNamespace(w), w.client, testID)
	if codeOf(w.ctx(), err) != exitNotFound || err.Error() == "" {
		t.Errorf("another namespace: %v", err)
	}
	if text := explain(w.ctx(), err); text != "there is no container db in namespace other; there is one in namespace test: name it with -n" {
		t.Errorf("got %q", text)
	}
}
