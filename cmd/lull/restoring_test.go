package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/api/types/task"
	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/internal/state"
	"github.com/lull-containers/lull/manifest"
)

// addCheckpoint makes a checkpoint image as `ctr tasks checkpoint` does.
func (w *world) addCheckpoint(status manifest.Status) {
	raw := w.memory(status)
	d := w.putJSON(ocispec.MediaTypeImageIndex, ocispec.Index{
		Annotations: map[string]string{"image.name": testImage},
		Manifests: []ocispec.Descriptor{
			w.put(images.MediaTypeContainerd1Checkpoint, raw),
			w.put(images.MediaTypeContainerd1CheckpointConfig, boxedSpec()),
			w.put(ocispec.MediaTypeImageLayerGzip, []byte("layer")),
			w.addImage(),
		},
	})
	_, err := w.images.Create(w.ctx(), images.Image{Name: "cp", Target: d})
	w.check(err)
}

// shim plays the shim: it writes the record when the task starts.
func (w *world) shim(r state.Record) {
	r.Engine = "postgres"
	w.tasks.hook["start"] = func() { w.serve(r) }
}

func (w *world) takePermit() (state.Permit, bool) {
	p, ok, err := state.Take(w.cfg.StateDir, testNS, testID, time.Now())
	w.check(err)
	return p, ok
}

// wantNothing looks for everything that a restore makes.
func (w *world) wantNothing() {
	w.Helper()
	if all, err := w.containers.List(w.ctx()); err != nil || len(all) > 0 {
		w.Errorf("containers are left: %v, %v", all, err)
	}
	err := w.snapshots.Walk(w.ctx(), func(_ context.Context, info snapshots.Info) error {
		w.Errorf("snapshot %s is left", info.Name)
		return nil
	})
	w.check(err)
	if s := w.tasks.is(testID); s != task.Status_UNKNOWN {
		w.Errorf("the task is left: %v", s)
	}
	if _, ok := w.takePermit(); ok {
		w.Error("the permit is left")
	}
	if _, err := os.Stat(filepath.Join(w.cfg.StoreDir, "logs", testNS, testID+".log")); !os.IsNotExist(err) {
		w.Errorf("the log is left: %v", err)
	}
}

func TestRestoringTakesEverythingBack(t *testing.T) {
	open := state.Record{Phase: state.Open}
	rollback := restoreOptions{onDrift: driftRollback}
	for _, tc := range []struct {
		name   string
		opts   restoreOptions
		status manifest.Status
		change func(*world, context.CancelFunc)
		code   int
	}{
		{"pending", rollback, manifest.Pending, func(w *world, _ context.CancelFunc) { w.shim(open) }, exitManifest},
		{"no manifest and no name", rollback, "", func(w *world, _ context.CancelFunc) { w.shim(open) }, exitUsage},
		{"no manifest and no annotations", restoreOptions{name: testID}, "", func(w *world, _ context.CancelFunc) { w.shim(open) }, exitManifest},
		{"rw layer", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) { w.differ.err = errBoom }, exitRestore},
		{"drift", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["create"] = rpccode.Wrap(rpccode.Drift, errBoom)
		}, exitDrift},
		{"lives", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["create"] = rpccode.Wrap(rpccode.Lives, errdefs.ErrAlreadyExists)
		}, exitLives},
		{"evidence", restoreOptions{}, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.tasks.fail["start"] = rpccode.Wrap(rpccode.Evidence, errBoom)
		}, exitRestore},
		{"runc", restoreOptions{}, manifest.Sealed, func(w *world, _ context.CancelFunc) { w.tasks.fail["start"] = errBoom }, exitRestore},
		{"refused later", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.shim(state.Record{Phase: state.Refused, Error: rpccode.Wrap(rpccode.Evidence, errBoom).Error()})
		}, exitRestore},
		{"dies before the verdict", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.shim(state.Record{Phase: state.Verifying})
			w.tasks.hook["get"] = func() { w.tasks.set(testID, task.Status_STOPPED) }
		}, exitRestore},
		{"not served", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.shim(open)
			w.tasks.shim = nil
		}, exitHost},
		{"served once", rollback, manifest.Sealed, func(w *world, _ context.CancelFunc) {
			w.shim(open)
			w.serve(state.Record{Phase: state.Restoring, ShimPid: math.MaxInt32}) // no process
			w.tasks.shim = nil
		}, exitHost},
		{"interrupted in the create", rollback, manifest.Sealed, func(w *world, c context.CancelFunc) { w.tasks.hook["create"] = c }, exitInterrupted},
		{"interrupted in the start", rollback, manifest.Sealed, func(w *world, c context.CancelFunc) { w.tasks.hook["start"] = c }, exitInterrupted},
		{"interrupted before", rollback, manifest.Sealed, func(_ *world, c context.CancelFunc) { c() }, exitInterrupted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.addCheckpoint(tc.status)
			ctx, cancel := context.WithCancel(w.ctx())
			defer cancel()
			tc.change(w, cancel)
			_, err := newRestoring(w.app, w.client, "cp", tc.opts).run(ctx)
			if got := codeOf(ctx, err); got != tc.code {
				t.Errorf("exit code %d, want %d: %v", got, tc.code, err)
			}
			if got := w.tasks.called("start"); got && tc.code == exitHost {
				t.Error("what nobody serves was started")
			}
			w.wantNothing()
		})
	}
}

func TestRestoring(t *testing.T) {
	w := newWorld(t)
	w.addCheckpoint(manifest.Sealed)
	w.shim(state.Record{Phase: state.Open, Checked: []string{"one", "two"}})
	w.tasks.hook["create"] = func() {
		if p, ok := w.takePermit(); !ok || p.OnDrift != driftRollback {
			t.Errorf("permit at the create: %+v, %v", p, ok)
		}
	}
	done, err := newRestoring(w.app, w.client, "cp", restoreOptions{onDrift: driftRollback}).run(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if !done.Verified || done.VerifiedMillis <= 0 || len(done.Checked) != 2 || done.Container != testID || done.Pid != 4711 {
		t.Errorf("reported %+v", done)
	}
	made, err := w.containers.Get(w.ctx(), testID)
	w.check(err)
	if made.Image != testImage || made.Runtime.Name != runtimeOCI || made.Labels["lull/engine"] != "postgres" || made.Snapshotter != testShots {
		t.Errorf("made %+v", made)
	}
	if _, ok := w.takePermit(); ok {
		t.Error("the permit is left")
	}
}

// A permit that the shim did not need must not wait for the next restore.
func TestRestoringWithdrawsItsPermit(t *testing.T) {
	w := newWorld(t)
	w.addCheckpoint(manifest.Sealed)
	w.shim(state.Record{Phase: state.Open})
	if _, err := newRestoring(w.app, w.client, "cp", restoreOptions{onDrift: driftCold}).run(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if p, ok := w.takePermit(); ok {
		t.Errorf("%+v is left", p)
	}
}

func TestRestoringKeepsWhatItIsToldTo(t *testing.T) {
	w := newWorld(t)
	w.addCheckpoint(manifest.Sealed)
	w.tasks.fail["start"] = errBoom
	if _, err := newRestoring(w.app, w.client, "cp", restoreOptions{keepLeft: true}).run(w.ctx()); err == nil {
		t.Fatal("no error")
	}
	if _, err := w.containers.Get(w.ctx(), testID); err != nil {
		t.Errorf("the container: %v", err)
	}
}

// A name that is in use is refused, and what has it stays untouched.
func TestRestoringOntoAnother(t *testing.T) {
	for status, code := range map[task.Status]int{
		task.Status_RUNNING: exitLives, task.Status_PAUSED: exitLives, task.Status_STOPPED: exitExists, task.Status_UNKNOWN: exitExists,
	} {
		w := newWorld(t)
		w.addCheckpoint(manifest.Sealed)
		_, err := w.containers.Create(w.ctx(), containers.Container{ID: testID,
			Runtime: containers.RuntimeInfo{Name: runtimeOCI}, Spec: &anypb.Any{TypeUrl: specURL, Value: []byte(testSpec)}})
		w.check(err)
		if status != task.Status_UNKNOWN {
			w.tasks.set(testID, status)
		}
		_, err = newRestoring(w.app, w.client, "cp", restoreOptions{}).run(w.ctx())
		if got := codeOf(w.ctx(), err); got != code {
			t.Errorf("%v: exit code %d, want %d: %v", status, got, code, err)
		}
		if _, err := w.containers.Get(w.ctx(), testID); err != nil || w.tasks.called("kill") {
			t.Errorf("%v: the other container was touched: %v", status, err)
		}
	}
}
