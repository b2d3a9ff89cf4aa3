package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"

	"github.com/lull-containers/lull/internal/intent"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

var errBoom = errors.New("boom")

// Whatever goes wrong, the container runs as before, and no image, lease or
// announcement is left.
func TestTakingTakesEverythingBack(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opts   checkpointOptions
		change func(*world, context.CancelFunc)
		code   int
	}{
		{"pause fails", checkpointOptions{}, func(w *world, _ context.CancelFunc) { w.tasks.fail["pause"] = errBoom }, exitCheckpoint},
		{"level too low", checkpointOptions{mode: "none"}, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["checkpoint"] = rpccode.Wrap(rpccode.Level, errBoom)
		}, exitLevel},
		{"database busy", checkpointOptions{mode: "fence"}, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["checkpoint"] = rpccode.Wrap(rpccode.Database, errBoom)
		}, exitDatabase},
		{"dump fails", checkpointOptions{}, func(w *world, _ context.CancelFunc) { w.tasks.fail["checkpoint"] = errBoom }, exitCheckpoint},
		{"dump fails with exit", checkpointOptions{exit: true}, func(w *world, _ context.CancelFunc) { w.tasks.fail["checkpoint"] = errBoom }, exitCheckpoint},
		{"dump swallowed", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.tasks.memory = func(context.Context) []byte { return nil }
		}, exitCheckpoint},
		{"dump says it exists", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["checkpoint"] = errdefs.ErrAlreadyExists
		}, exitCheckpoint},
		{"rw layer fails", checkpointOptions{}, func(w *world, _ context.CancelFunc) { w.differ.err = errBoom }, exitCheckpoint},
		{"resume fails", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["resume"] = errBoom // the cgroup's file does it
			w.differ.err = errBoom
		}, exitCheckpoint},
		{"the watchdog was faster", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.differ.hook = func() { w.tasks.start(testID) }
		}, exitCheckpoint},
		{"it ended meanwhile", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.differ.hook = func() { w.tasks.set(testID, task.Status_STOPPED) }
		}, exitCheckpoint},
		{"manifest pending", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.tasks.memory = func(context.Context) []byte { return w.memory(manifest.Pending) }
		}, exitManifest},
		{"manifest missing", checkpointOptions{}, func(w *world, _ context.CancelFunc) {
			w.tasks.memory = func(context.Context) []byte { return w.memory("") }
		}, exitManifest},
		{"interrupted in the pause", checkpointOptions{}, func(w *world, c context.CancelFunc) { w.tasks.hook["pause"] = c }, exitInterrupted},
		{"interrupted in the dump", checkpointOptions{}, func(w *world, c context.CancelFunc) { w.tasks.hook["checkpoint"] = c }, exitInterrupted},
		{"interrupted in the rw layer", checkpointOptions{}, func(w *world, c context.CancelFunc) { w.differ.hook = c }, exitInterrupted},
		{"interrupted in the resume", checkpointOptions{}, func(w *world, c context.CancelFunc) { w.tasks.hook["resume"] = c }, exitInterrupted},
		{"interrupted before", checkpointOptions{mode: "none"}, func(_ *world, c context.CancelFunc) { c() }, exitInterrupted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.addContainer()
			ctx, cancel := context.WithCancel(w.ctx())
			defer cancel()
			subject := w.subject()
			tc.change(w, cancel)
			_, err := newTaking(w.app, w.client, subject, "cp", tc.opts).run(ctx)
			if got := codeOf(ctx, err); got != tc.code {
				t.Errorf("exit code %d, want %d: %v", got, tc.code, err)
			}
			w.wantFrozen(false)
			if _, err := w.images.Get(w.ctx(), "cp"); !errdefs.IsNotFound(err) {
				t.Errorf("the image is left: %v", err)
			}
			w.wantNothingAnnounced()
		})
	}
}

// wantFrozen looks at the kernel's side, where a cgroup thaw counts too.
func (w *world) wantFrozen(want bool) {
	w.Helper()
	s := w.subject()
	f, ok := s.freezer()
	frozen, err := f.Frozen()
	if !ok || err != nil || frozen != want {
		w.Errorf("frozen is %v (%v), want %v", frozen, err, want)
	}
}

func (w *world) wantNothingAnnounced() {
	w.Helper()
	if i, ok, err := intent.Take(w.cfg.StateDir, testNS, testID, time.Now()); ok || err != nil {
		w.Errorf("announcement is left: %+v, %v", i, err)
	}
}

func TestTaking(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opts   checkpointOptions
		change func(*world, context.CancelFunc)
		status task.Status // afterwards
		warns  bool
	}{
		{"plain", checkpointOptions{}, func(*world, context.CancelFunc) {}, task.Status_RUNNING, false},
		{"exit", checkpointOptions{exit: true}, func(*world, context.CancelFunc) {}, task.Status_STOPPED, false},
		{"exit is not interrupted", checkpointOptions{exit: true}, func(w *world, c context.CancelFunc) { w.tasks.hook["checkpoint"] = c }, task.Status_STOPPED, false},
		{"mode was not taken", checkpointOptions{mode: "fence"}, func(w *world, _ context.CancelFunc) {
			w.tasks.hook["pause"] = func() { w.wantAnnounced("fence") }
		}, task.Status_RUNNING, true},
		{"mode was taken", checkpointOptions{mode: "flush"}, func(w *world, _ context.CancelFunc) {
			w.tasks.hook["pause"] = func() { w.wantAnnounced("flush") }
		}, task.Status_RUNNING, false},
		{"somebody else's pause", checkpointOptions{}, func(w *world, _ context.CancelFunc) { w.tasks.set(testID, task.Status_PAUSED) }, task.Status_PAUSED, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.addContainer()
			ctx, cancel := context.WithCancel(w.ctx())
			defer cancel()
			tc.change(w, cancel)
			done, err := newTaking(w.app, w.client, w.subject(), "cp", tc.opts).run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if done.ID != exampleManifest().ID || done.Level != "flushed" || done.Bytes == 0 || len(done.Steps) != 11 {
				t.Errorf("reported %+v", done)
			}
			if warns := len(done.Warnings) > 0; warns != tc.warns {
				t.Errorf("warnings %q", done.Warnings)
			}
			if got := w.tasks.is(testID); got != tc.status {
				t.Errorf("status %v, want %v", got, tc.status)
			}
			w.wantRestorable("cp")
		})
	}
}

func (w *world) wantAnnounced(mode string) {
	if i, ok, err := intent.Take(w.cfg.StateDir, testNS, testID, time.Now()); !ok || err != nil || i.Mode != mode {
		w.Errorf("announced %+v, %v, %v", i, ok, err)
	}
}

// wantRestorable looks for everything that `ctr containers restore` asks for.
func (w *world) wantRestorable(ref string) {
	w.Helper()
	c, err := openCheckpoint(w.ctx(), w.client, ref)
	w.check(err)
	for _, mt := range []string{images.MediaTypeContainerd1Checkpoint, images.MediaTypeContainerd1CheckpointConfig, manifest.MediaType,
		"application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.manifest.v1+json"} {
		found := false
		for _, d := range c.Index.Manifests {
			found = found || d.MediaType == mt
		}
		if !found {
			w.Errorf("%s is missing", mt)
		}
	}
	for key, want := range map[string]string{"org.opencontainers.image.ref.name": testImage,
		"io.containerd.checkpoint.runtime": runtimeOCI, "io.containerd.checkpoint.snapshotter": testShots} {
		if c.Index.Annotations[key] != want {
			w.Errorf("annotation %s is %q", key, c.Index.Annotations[key])
		}
	}
}

func TestMayCheckpoint(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*world, *subject)
		code   int
	}{
		{"yes", func(*world, *subject) {}, exitOK},
		{"paused", func(_ *world, s *subject) { s.status = task.Status_PAUSED }, exitOK},
		{"stopped", func(_ *world, s *subject) { s.status = task.Status_STOPPED }, exitOther},
		{"no task", func(_ *world, s *subject) { s.status = task.Status_UNKNOWN }, exitOther},
		{"runs without lull", func(_ *world, s *subject) { s.record = nil }, exitHost},
		{"no database", func(_ *world, s *subject) { s.record, s.found.Engine = nil, "" }, exitOK},
		{"switched off", func(_ *world, s *subject) { s.record, s.found.Engine = nil, "none" }, exitOK},
		{"label wrong", func(_ *world, s *subject) { s.wrong = errBoom }, exitUsage},
		{"name taken", func(w *world, _ *subject) {
			_, err := w.images.Create(w.ctx(), images.Image{Name: "cp", Target: w.put("x/y", []byte("x"))})
			w.check(err)
		}, exitExists},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.addContainer()
			s := w.subject()
			tc.change(w, s)
			err := mayCheckpoint(w.ctx(), w.client, s, "cp")
			if got := codeOf(w.ctx(), err); got != tc.code {
				t.Errorf("exit code %d, want %d: %v", got, tc.code, err)
			}
		})
	}
}

func TestRecordPhasesAreShown(t *testing.T) {
	w := newWorld(t)
	w.addContainer()
	w.serve(state.Record{Engine: "postgres", Phase: state.Verifying, Since: time.Now()})
	if got := stateText(w.subject(), time.Now()); got != "verifying, closed, 0s" {
		t.Errorf("got %q", got)
	}
}
