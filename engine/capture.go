package engine

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume"
	"github.com/lull-containers/lull/volume/captures"
)

// dump is the second half of a cut, when the container is frozen.
type dump struct {
	*Cut
	id       string // of the checkpoint, 32 hexadecimal digits
	by       Dumper
	req      Request
	roots    []volume.Root
	draft    *captures.Draft            // nil: nothing is captured
	copied   map[string]*volume.Precopy // before the freeze, by source
	hashing  <-chan error               // of the captures, beside the dump; nil: it is not under way
	image    int64                      // bytes that CRIU will write, about
	taken    []taken
	host     manifest.Host
	manifest *manifest.Manifest
	undo     cleanup.Stack
}

// taken is what was captured of one root.
type taken struct {
	root   volume.Root
	name   string
	list   *volume.List
	result *volume.Result // nil: fingerprint only
	path   string
}

// sync writes the database's files to disk while nothing can change them:
// else a power cut would leave older pages under an unchanged time.
func (d *dump) sync(context.Context) error {
	layout, err := volume.Mounts(d.c.Spec.Mounts, d.c.Rootfs, d.Folders())
	if err != nil {
		return err
	}
	d.warnings = append(d.warnings, layout.Notes...)
	for _, r := range layout.Roots {
		if r.Kind == volume.Tmpfs {
			continue // CRIU carries it
		}
		if err := volume.SyncFS(r.Source); err != nil {
			return err
		}
		d.roots = append(d.roots, r)
	}
	return nil
}

// Folders are the places that the database itself named, else where its
// engine's image keeps them.
func (k *Cut) Folders() []string {
	if len(k.db.Folders) > 0 {
		return k.db.Folders
	}
	return DataFolders(k.c)
}

func (d *dump) capture(ctx context.Context) error {
	if d.c.Settings.Volumes != "fingerprint" {
		if err := d.begin(ctx); err != nil {
			return err
		}
	}
	for i, root := range d.roots {
		t, err := d.take(ctx, nameOf(i), root)
		if err != nil {
			return err
		}
		d.taken = append(d.taken, t)
	}
	d.rec.remark = d.effort()
	return nil
}

// effort is what the captures cost while everything stood still.
func (d *dump) effort() string {
	var read, written int64
	for _, t := range d.taken {
		if t.result != nil {
			read, written = read+t.result.Read, written+t.result.Copied
		}
	}
	return fmt.Sprintf("read %d bytes, wrote %d bytes", read, written)
}

// reread is what was read of the captures for digests.
func (d *dump) reread() string {
	var n int64
	for _, t := range d.taken {
		if t.result != nil {
			n += t.result.Hashed
		}
	}
	return fmt.Sprintf("hashed %d bytes", n)
}

// begin makes the checkpoint's folder in the store.
func (d *dump) begin(ctx context.Context) (err error) {
	if d.draft != nil { // the pre-copy's
		d.draft.Avoid(sources(d.roots)...)
		return nil
	}
	d.undo.Push("the captures", func(context.Context) error { return d.draft.Discard() })
	if d.draft, err = d.beginIn(ctx, d.id); err != nil {
		return err
	}
	d.draft.Avoid(sources(d.roots)...)
	return nil
}

// beginIn makes the folder, after it has removed what killed ones left.
func (k *Cut) beginIn(ctx context.Context, id string) (*captures.Draft, error) {
	s := captures.Store{Dir: k.c.Paths.Store}
	if _, err := s.Sweep(ctx); err != nil {
		k.warn(fmt.Sprintf("what is left of earlier captures stays: %v", err))
	}
	return s.Begin(id)
}

func (d *dump) take(ctx context.Context, name string, root volume.Root) (t taken, err error) {
	t = taken{root: root, name: name}
	if d.c.Settings.Volumes == "fingerprint" {
		t.list, err = volume.Fingerprint(ctx, root.Source, volume.Options{Content: true, Synced: true})
		return t, err
	}
	if t.path, err = d.draft.Place(name, root.Source); err != nil {
		return t, err
	}
	t.result, err = volume.Capture(ctx, root.Source, t.path, volume.CaptureOptions{
		MaxCopy: d.c.Settings.MaxCopy, Synced: true, Precopy: d.copied[root.Source], Step: hitCapture,
		Reserve: d.reserve(t.path),
	})
	if err != nil {
		return t, fmt.Errorf("capture %s: %w", root.Destination, err)
	}
	t.list = t.result.List
	d.undo.Push("the capture of "+root.Destination, func(context.Context) error { return t.result.Discard() })
	return t, nil
}

// publish makes the captures durable, because the manifest may name nothing
// that is not there for good.
func (d *dump) publish(ctx context.Context) error {
	for _, t := range d.taken {
		if t.result != nil {
			if err := t.result.Commit(); err != nil {
				return err
			}
		}
	}
	return d.startHash(ctx)
}

// startHash reads what was copied or cloned again, for its digests: after the
// thaw where that comes before the seal, for a capture does not change; else
// beside the dump. Before the dump where it ends the container: a copy that
// cannot be read must not be all that is left.
func (d *dump) startHash(ctx context.Context) error {
	switch {
	case d.req.Exit:
		return d.hash(ctx)
	case d.req.Resume != nil:
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.hash(ctx); close(done) }()
	d.hashing = done
	d.undo.Push("the hashing", func(context.Context) error {
		cancel()
		for range done { // it was cancelled, or has been waited for
		}
		return nil
	})
	return nil
}

// hash reads what has no digest yet.
func (d *dump) hash(ctx context.Context) error {
	for _, t := range d.taken {
		if t.result == nil {
			continue
		}
		read := t.result.Hash
		if d.req.Resume != nil { // the database runs
			read = t.result.HashBehind
		}
		if err := read(ctx); err != nil {
			return fmt.Errorf("read the capture of %s: %w", t.root.Destination, err)
		}
	}
	return nil
}

// hashed waits for the hashing beside the dump, or does it.
func (d *dump) hashed(ctx context.Context) error {
	if d.hashing == nil {
		return d.hash(ctx)
	}
	return <-d.hashing
}

// describe writes the lists, which are complete now.
func (d *dump) describe(ctx context.Context) error {
	if err := d.hashed(ctx); err != nil {
		return err
	}
	d.rec.remark = d.reread()
	if d.req.Resume != nil { // nobody waits for it
		d.know(ctx)
	}
	for i, t := range d.taken {
		if err := t.list.WriteFile(filepath.Join(d.req.Dir, volume.ListName(i))); err != nil {
			return err
		}
		d.manifest.Volumes = append(d.manifest.Volumes, t.describe(i))
	}
	return nil
}

func (t taken) describe(i int) manifest.Volume {
	sum := t.list.Summary(volume.ListName(i))
	v := manifest.Volume{
		Name: nameOf(i), Kind: string(t.root.Kind), Destination: t.root.Destination,
		FileSystem: t.list.Header.FileSystem, Fingerprint: sum,
	}
	if t.root.Kind == volume.Bind {
		v.Source = t.root.Source
	}
	if t.result != nil {
		v.Capture = &manifest.Capture{Store: filepath.Dir(t.path), Path: t.path, Method: t.result.Method, Bytes: t.result.Bytes}
	}
	return v
}
