package main

import (
	"context"
	"io/fs"
	"path/filepath"

	containerd "github.com/containerd/containerd/v2/client"

	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/store"
)

// lsSaved lists the checkpoints of Docker's that were saved from their
// container's removal.
func (a *app) lsSaved(ctx context.Context, c store.Captures) (rows []lsRow, err error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	all, err := dockerd.AllSaved(savedDocker(cfg))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		row, err := savedRow(ctx, c, s)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func savedRow(ctx context.Context, c store.Captures, s dockerd.SavedCheckpoint) (row lsRow, err error) {
	row = lsRow{Ref: s.Container.Name + ":" + s.Name, Namespace: dockerNamespace, Container: s.Container.ID, Refs: 1}
	if row.Image, err = sizeOf(s.Folder()); err != nil {
		return row, err
	}
	m, err := manifest.Read(s.Folder())
	if err != nil {
		row.Problem = explain(ctx, err)
		return row, nil
	}
	row.ID, row.Engine, row.Version, row.Level = m.ID, m.Database.Engine, m.Database.Version, string(m.Reached.Level)
	row.Created, row.Host = m.Created, m.Host.Name
	row.Captures, err = c.Bytes(ctx, m.ID)
	return row, err
}

// sizeOf counts what the files of a folder hold.
func sizeOf(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// removeSaved removes those of refs that are saved checkpoints of Docker's, and
// gives the others back.
func (a *app) removeSaved(ctx context.Context, client *containerd.Client, refs []string) (done []store.Removed, others []string, err error) {
	cfg, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	for _, ref := range refs {
		c, name, ok, err := a.meansDocker(ctx, client, ref)
		if err != nil {
			return done, nil, err
		}
		if !ok {
			others = append(others, ref)
			continue
		}
		if err := dockerd.Forget(dockerd.SavedCheckpoint{Container: c, Name: name}, savedDocker(cfg)); err != nil {
			return done, nil, err
		}
		done = append(done, store.Removed{Namespace: dockerNamespace, Ref: ref, Why: "`lull prune --orphans` removes those that no checkpoint names"})
	}
	return done, others, nil
}

// savedNames are the saved checkpoints of Docker's, as restore and rm name them.
func (a *app) savedNames() (names []string) {
	cfg, err := a.config()
	if err != nil {
		return nil
	}
	all, _ := dockerd.AllSaved(savedDocker(cfg)) // offered where they can be read
	for _, s := range all {
		names = append(names, s.Container.Name+":"+s.Name)
	}
	return names
}
