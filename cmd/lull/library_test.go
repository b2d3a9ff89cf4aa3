package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// keepCheckpoint makes a sealed checkpoint image, and a capture for it.
func (w *world) keepCheckpoint(ref string) (dir string) {
	w.Helper()
	w.keepImage(ref, w.memory(manifest.Sealed))
	dir = store.CapturesIn(w.cfg.StoreDir).Folder(exampleManifest().ID)
	w.check(os.MkdirAll(filepath.Join(dir, "volume-0"), 0o700))
	return dir
}

func (w *world) keepImage(ref string, memory []byte) {
	w.Helper()
	index := ocispec.Index{Manifests: []ocispec.Descriptor{w.put(images.MediaTypeContainerd1Checkpoint, memory)}}
	_, err := w.images.Create(w.ctx(), images.Image{
		Name: ref, Target: w.putJSON(ocispec.MediaTypeImageIndex, index), Labels: map[string]string{store.LabelCheckpoint: "true"},
	})
	w.check(err)
}

func (w *world) remove(ref string) (store.Removed, error) {
	w.Helper()
	return w.removeBy(ref, false)
}

func (w *world) removeBy(ref string, force bool) (store.Removed, error) {
	w.Helper()
	k, err := store.Look(w.ctx(), w.client, testNS, ref)
	w.check(err)
	return store.Remove(w.ctx(), w.client, store.CapturesIn(w.cfg.StoreDir), k, force)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Captures go with the last image that names them, and not while anybody may
// need them.
func TestRemoveCountsReferences(t *testing.T) {
	w := newWorld(t)
	dir := w.keepCheckpoint("one")
	w.keepCheckpoint("two")
	w.check(os.WriteFile(filepath.Join(dir, "poisoned"), []byte("thawed\n"), 0o600))

	if r, err := w.remove("one"); err != nil || r.Captures || !there(filepath.Join(dir, "volume-0")) {
		t.Errorf("another image names it: %+v, %v", r, err)
	}
	if r, err := w.remove("two"); err != nil || !r.Captures || there(filepath.Join(dir, "volume-0")) {
		t.Errorf("the last one: %+v, %v", r, err)
	}
	if !there(filepath.Join(dir, "poisoned")) {
		t.Error("the mark of a poisoned checkpoint went with its captures")
	}
}

// What clones stand on goes with the last of them at the earliest, and its image
// only by force.
func TestRemoveHeld(t *testing.T) {
	w := newWorld(t)
	id, in := exampleManifest().ID, store.CapturesIn(w.cfg.StoreDir)
	dir := filepath.Join(w.keepCheckpoint("one"), "volume-0")
	for _, by := range []string{"clone/test/one", "pool/test/two"} {
		w.check(in.Hold(id, by))
	}
	if _, err := w.remove("one"); !errors.Is(err, store.ErrHeld) || codeOf(w.ctx(), heldFailure(err)) != exitLives {
		t.Errorf("clones stand on it: %v", err)
	}
	if _, err := w.images.Get(w.ctx(), "one"); err != nil || !there(dir) {
		t.Errorf("what was refused was touched: %v", err)
	}
	if r, err := w.removeBy("one", true); err != nil || r.Captures || !there(dir) {
		t.Errorf("by force: %+v, %v", r, err)
	}
	w.check(in.Release(id, "clone/test/one"))
	if err := w.app.reclaim(w.ctx(), w.client, id); err != nil || !there(dir) {
		t.Errorf("a pool stands on it still: %v", err)
	}
	w.check(in.Release(id, "pool/test/two"))
	w.keepCheckpoint("pulled again")
	if err := w.app.reclaim(w.ctx(), w.client, id); err != nil || !there(dir) {
		t.Errorf("an image names it again: %v", err)
	}
	if r, err := w.remove("pulled again"); err != nil || !r.Captures || there(dir) {
		t.Errorf("the last image: %+v, %v", r, err)
	}
}

// The last hold takes along what was abandoned, and nothing else.
func TestReclaim(t *testing.T) {
	for _, force := range []bool{true, false} {
		w := newWorld(t)
		id, in := exampleManifest().ID, store.CapturesIn(w.cfg.StoreDir)
		dir := w.keepCheckpoint("one")
		if force {
			w.check(in.Hold(id, "clone/test/one"))
			_, err := w.removeBy("one", true)
			w.check(err)
			w.check(in.Release(id, "clone/test/one"))
		} else {
			w.check(w.images.Delete(w.ctx(), "one")) // by ctr: that is an orphan
		}
		w.check(w.app.reclaim(w.ctx(), w.client, id))
		if there(dir) == force {
			t.Errorf("abandoned %v: its captures are there: %v", force, there(dir))
		}
	}
}

// A rule does not take what clones stand on.
func TestPruneHeld(t *testing.T) {
	w := newWorld(t)
	w.keepCheckpoint("one")
	w.check(store.CapturesIn(w.cfg.StoreDir).Hold(exampleManifest().ID, "clone/test/one"))
	k, err := store.Look(w.ctx(), w.client, testNS, "one")
	w.check(err)
	for _, dryRun := range []bool{true, false} {
		var done pruned
		if err := pruneImage(w.ctx(), w.client, store.CapturesIn(w.cfg.StoreDir), k, dryRun, &done); err != nil {
			t.Fatal(err)
		}
		if len(done.Images) > 0 || len(done.Held) != 1 || done.Held[0].Why != "clone/test/one" {
			t.Errorf("%+v", done)
		}
	}
	_, err = w.images.Get(w.ctx(), "one")
	w.check(err)
}

// An image that cannot be read may be the one that needs the captures.
func TestRemoveBesideUnreadable(t *testing.T) {
	w := newWorld(t)
	dir := w.keepCheckpoint("good")
	w.keepImage("bad", []byte("no archive"))
	r, err := w.remove("good")
	if err != nil || r.Captures || r.Why == "" || !there(filepath.Join(dir, "volume-0")) {
		t.Errorf("%+v, %v", r, err)
	}
}

// failingImages cannot delete.
type failingImages struct{ images.Store }

var errDelete = errors.New("disk full")

func (failingImages) Delete(context.Context, string, ...images.DeleteOpt) error { return errDelete }

// What could not be untagged keeps its captures.
func TestRemoveAfterAFailedUntag(t *testing.T) {
	w := newWorld(t)
	dir := w.keepCheckpoint("one")
	w.images = failingImages{w.images}
	w.connect()
	if _, err := w.remove("one"); !errors.Is(err, errDelete) || !there(filepath.Join(dir, "volume-0")) {
		t.Errorf("%v", err)
	}
}

func TestLs(t *testing.T) {
	w := newWorld(t)
	w.keepCheckpoint("one")
	w.keepCheckpoint("two")
	w.keepImage("bad", w.memory(manifest.Pending))
	w.addImage()
	all, err := store.Catalogue(w.ctx(), w.client)
	w.check(err)
	usable := 0
	for _, k := range all {
		row, err := lsRowOf(w.ctx(), store.CapturesIn(w.cfg.StoreDir), k, 2)
		w.check(err)
		if row.Problem == "" {
			usable++
		}
		if row.Engine != "postgres" || row.Image == 0 {
			t.Errorf("%+v", row)
		}
	}
	if len(all) != 3 || usable != 2 {
		t.Errorf("%d checkpoints, %d usable: %+v", len(all), usable, all)
	}
}

// Captures without an image go when that is asked for and when they are old
// enough; not beside an image that cannot be read, and not the mark.
func TestPruneOrphans(t *testing.T) {
	w := newWorld(t)
	named := w.keepCheckpoint("named")
	c := store.CapturesIn(w.cfg.StoreDir)
	orphan := c.Folder("ffffffffffffffffffffffffffffffff")
	w.check(os.MkdirAll(filepath.Join(orphan, "volume-0"), 0o700))
	w.check(os.WriteFile(filepath.Join(orphan, "poisoned"), []byte("thawed\n"), 0o600))
	later := time.Now().Add(time.Hour)
	nobody := func() (map[string]bool, error) { return nil, nil }
	docker := func() (map[string]bool, error) { return map[string]bool{filepath.Base(orphan): true}, nil }

	gone, err := c.RemoveOrphans(w.ctx(), w.client, nobody, time.Now().Add(-time.Hour))
	if err != nil || len(gone) > 0 {
		t.Errorf("too young: %v, %v", gone, err)
	}
	w.keepImage("bad", []byte("no archive"))
	if gone, err := c.RemoveOrphans(w.ctx(), w.client, nobody, later); err == nil || len(gone) > 0 || !there(orphan) {
		t.Errorf("beside an unreadable image: %v, %v", gone, err)
	}
	w.check(w.images.Delete(w.ctx(), "bad"))
	if gone, err := c.RemoveOrphans(w.ctx(), w.client, docker, later); err != nil || len(gone) > 0 {
		t.Errorf("that a checkpoint of Docker's names: %v, %v", gone, err)
	}
	gone, err = c.RemoveOrphans(w.ctx(), w.client, nobody, later)
	if err != nil || len(gone) != 1 || there(filepath.Join(orphan, "volume-0")) || !there(filepath.Join(named, "volume-0")) {
		t.Errorf("%v, %v", gone, err)
	}
	if !there(filepath.Join(orphan, "poisoned")) {
		t.Error("the mark of a poisoned checkpoint went with it")
	}
	if gone, err := c.RemoveOrphans(w.ctx(), w.client, nobody, later); err != nil || len(gone) > 0 {
		t.Errorf("again: %v, %v", gone, err)
	}
}
