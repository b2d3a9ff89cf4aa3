package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/volume/shm"
)

// sharedMemory is the host's folder behind a /dev/shm that is a bind mount;
// empty: there is none, and CRIU carries what there is.
func sharedMemory(mounts []specs.Mount) string {
	source := ""
	for _, m := range mounts {
		if path.Clean(m.Destination) != "/dev/shm" {
			continue
		}
		source = ""
		if m.Type == "bind" || slices.Contains(m.Options, "bind") || slices.Contains(m.Options, "rbind") {
			source = m.Source
		}
	}
	return source
}

// saveShared saves the processes' shared memory where CRIU leaves it out.
func (d *dump) saveShared(ctx context.Context) error {
	dir := sharedMemory(d.c.Spec.Mounts)
	if dir == "" {
		return nil
	}
	n, err := shm.Save(ctx, dir, filepath.Join(d.req.Dir, shm.FileName))
	if err != nil {
		return fmt.Errorf("save /dev/shm (%s): %w", dir, err)
	}
	d.rec.remark = fmt.Sprintf("%d files", n)
	return nil
}

// putBackShared makes the shared memory anew that the processes had.
func (r *Restore) putBackShared(ctx context.Context) (err error) {
	file := filepath.Join(r.dir, shm.FileName)
	if _, err := os.Lstat(file); errors.Is(err, os.ErrNotExist) || r.cold {
		return nil
	}
	dir := sharedMemory(r.c.Spec.Mounts)
	if dir == "" {
		return rpccode.Wrap(rpccode.Host, errors.New("the original's /dev/shm was a bind mount, this container's is none; give it one"))
	}
	if r.shared, err = shm.PutBack(ctx, file, dir); err != nil {
		return err
	}
	r.undo.Push("the shared memory", func(context.Context) error {
		shared := r.shared
		r.shared = nil
		return shared.Undo()
	})
	return nil
}

// keepShared lets go of what was under the names of the shared memory.
func (r *Restore) keepShared() error {
	if r.shared == nil {
		return nil
	}
	shared := r.shared
	r.shared = nil
	return shared.Commit()
}
