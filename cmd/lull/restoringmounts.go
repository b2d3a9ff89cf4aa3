package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/lull-containers/lull/store"
)

// mounts gives the container the folders that were asked for. A folder that
// is not there, as on another machine, is made, and filled from the capture:
// there is nothing in it to lose.
func (r *restoring) mounts() error {
	for folder, source := range r.opts.volumes {
		if !filepath.IsAbs(source) || !path.IsAbs(folder) {
			return fail(exitUsage, "give absolute paths", "--volume %s=%s", folder, source)
		}
	}
	if err := r.template.Remount(r.opts.volumes); errors.Is(err, store.ErrMount) {
		return fail(exitUsage, "`lull inspect` lists the checkpoint's volumes", "--volume %w", err)
	} else if err != nil {
		return err
	}
	if r.manifest == nil {
		return nil
	}
	sources, err := r.template.Sources()
	if err != nil {
		return err
	}
	for _, v := range r.manifest.Volumes {
		if v.Capture == nil || v.Kind != "bind" {
			continue
		}
		if err := r.makeFolder(sourceOf(sources, v.Destination)); err != nil {
			return err
		}
	}
	return nil
}

// sourceOf is the host's folder of the mount that a folder is in, if it is the
// mount itself.
func sourceOf(sources map[string]string, folder string) string {
	folder = path.Clean(folder)
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(sources))) {
		if at == folder {
			return sources[at]
		}
	}
	return ""
}

func (r *restoring) makeFolder(dir string) error {
	if dir == "" {
		return nil
	}
	_, err := os.Stat(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if r.opts.onDrift != "" && r.opts.onDrift != driftRollback {
		return fail(exitUsage, "leave out --"+r.opts.onDrift+", or make the folder", "%s is not there: there is nothing to do but to fill it", dir)
	}
	r.opts.onDrift = driftRollback
	r.undo.Push("the folder "+dir, func(context.Context) error { return ignoreAbsent(os.Remove(dir)) })
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the volume's folder: %w", err)
	}
	return nil
}
