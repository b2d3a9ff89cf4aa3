package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// given is what an engine or a pod gives a container of its own, by its place in
// it, and what stands in for it where that is gone: a file, or a folder.
var given = map[string]struct {
	text string
	mode fs.FileMode
}{
	"/etc/hosts":           {"127.0.0.1\tlocalhost\n::1\tlocalhost\n", 0o644},
	"/etc/hostname":        {"localhost\n", 0o644},
	"/etc/resolv.conf":     {"", 0o644},
	"/dev/termination-log": {"", 0o666},
	"/dev/shm":             {"", fs.ModeDir | fs.ModeSticky | 0o777},
	"/var/run/secrets/kubernetes.io/serviceaccount": {"", fs.ModeDir | 0o755},
}

// standIn gives the container files in the place of those that went with its pod
// or its engine's record: without them its mounts cannot be made.
func (r *restoring) standIn() error {
	sources, err := r.template.Sources()
	if err != nil {
		return err
	}
	dir := filepath.Join(r.cfg.StoreDir, "given", r.namespace, r.template.ID)
	instead := map[string]string{}
	for folder, source := range sources {
		like, ok := given[path.Clean(folder)]
		if _, err := os.Stat(source); !ok || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if len(instead) == 0 {
			r.undo.Push("stand-ins for what was the pod's", func(context.Context) error { return os.RemoveAll(dir) })
		}
		instead[folder] = filepath.Join(dir, path.Base(folder))
		if err := putStandIn(instead[folder], like.text, like.mode); err != nil {
			return err
		}
	}
	return r.template.Remount(instead)
}

// putStandIn makes a file or a folder; one of an earlier restore stays.
func putStandIn(at, text string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o711); err != nil {
		return err
	}
	if mode.IsDir() {
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		return os.Chmod(at, mode&^fs.ModeDir)
	}
	if err := os.WriteFile(at, []byte(text), mode); err != nil {
		return err
	}
	return os.Chmod(at, mode)
}
