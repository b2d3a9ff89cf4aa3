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

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/store"
)

// mounts gives the container the folders that were asked for. A folder that
// is not there, as on another machine, is made, and filled from the capture.
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
	return r.makeFolders(sources)
}

// makeFolders makes what is not there. That a rollback is meant goes without
// saying only where all is missing: it would take the others back too.
func (r *restoring) makeFolders(sources map[string]string) error {
	missing, present, err := r.folders(sources)
	if err != nil || len(missing) == 0 {
		return err
	}
	switch {
	case r.opts.onDrift == driftRollback:
	case r.opts.onDrift != "":
		return fail(exitUsage, "leave out --"+r.opts.onDrift+", or make the folder", "%s is not there: there is nothing to do but to fill it", missing[0])
	case len(present) > 0:
		return fail(exitUsage, "say --rollback to have all of them as they were at the checkpoint, or make the folder",
			"%s is not there, and %s is: to fill the one puts the other back too", missing[0], present[0])
	}
	r.opts.onDrift = driftRollback
	for _, dir := range missing {
		if err := r.makeFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

// folders are those of the captured bind mounts. One inside of a mount counts
// as there.
func (r *restoring) folders(sources map[string]string) (missing, present []string, err error) {
	for _, v := range r.manifest.Volumes {
		if v.Capture == nil || v.Kind != "bind" {
			continue
		}
		dir := sourceOf(sources, v.Destination)
		if dir == "" {
			present = append(present, v.Destination)
			continue
		}
		_, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, dir)
		case err != nil:
			return nil, nil, err
		default:
			present = append(present, dir)
		}
	}
	return missing, present, nil
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
	r.undo.Push("the folder "+dir, func(context.Context) error { return cleanup.IgnoreAbsent(os.Remove(dir)) })
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the volume's folder: %w", err)
	}
	return nil
}
