package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

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
	draft    *captures.Draft // nil: nothing is captured
	taken    []taken
	volumes  []manifest.Volume
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
		if err := d.begin(); err != nil {
			return err
		}
	}
	for i, root := range d.roots {
		t, err := d.take(ctx, fmt.Sprintf("volume-%d", i), root)
		if err != nil {
			return err
		}
		d.taken = append(d.taken, t)
	}
	return nil
}

// begin makes the checkpoint's folder in the store.
func (d *dump) begin() (err error) {
	d.undo.Push("the captures", func(context.Context) error { return d.draft.Discard() })
	if d.draft, err = (captures.Store{Dir: d.c.Paths.Store}).Begin(d.id); err != nil {
		return err
	}
	for _, r := range d.roots {
		d.draft.Avoid(r.Source)
	}
	return nil
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
		Hash: true, MaxCopy: d.c.Settings.MaxCopy, Synced: true,
	})
	if err != nil {
		return t, fmt.Errorf("capture %s: %w", root.Destination, err)
	}
	t.list = t.result.List
	d.undo.Push("the capture of "+root.Destination, func(context.Context) error { return t.result.Discard() })
	return t, nil
}

// publish makes the captures durable, because the manifest may name nothing
// that is not there for good, and then writes the lists: of files that were
// cloned the contents are known only now.
func (d *dump) publish(ctx context.Context) error {
	for i, t := range d.taken {
		if t.result != nil {
			if err := t.result.Publish(ctx); err != nil {
				return err
			}
		}
		if err := t.list.WriteFile(filepath.Join(d.req.Dir, volume.ListName(i))); err != nil {
			return err
		}
		d.volumes = append(d.volumes, t.describe(i))
	}
	return nil
}

func (t taken) describe(i int) manifest.Volume {
	sum := t.list.Summary(volume.ListName(i))
	v := manifest.Volume{
		Name: "volume-" + strconv.Itoa(i), Kind: string(t.root.Kind), Destination: t.root.Destination,
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
