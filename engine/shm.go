package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/internal/rpccode"
	"github.com/lull-containers/lull/volume/shm"
)

const devShm = "/dev/shm"

// sharedMemory is the host's folder behind a /dev/shm that is a bind mount;
// empty: there is none, and CRIU carries what there is.
func sharedMemory(mounts []specs.Mount) string {
	source := ""
	for _, m := range mounts {
		if path.Clean(m.Destination) != devShm {
			continue
		}
		source = ""
		if rawspec.IsBind(m) {
			source = m.Source
		}
	}
	return source
}

// saveShared saves the processes' shared memory where CRIU leaves it out. An
// earlier attempt may have left its file in the client's folder.
func (d *dump) saveShared(ctx context.Context) error {
	file := filepath.Join(d.req.Dir, shm.FileName)
	remove := func(context.Context) error { return removed(file) }
	if err := remove(ctx); err != nil {
		return err
	}
	dir, err := d.ownShared()
	if err != nil || dir == "" {
		return err
	}
	d.undo.Push("the saved shared memory", remove)
	n, err := shm.Save(ctx, dir, file)
	if err != nil {
		return fmt.Errorf("save /dev/shm (%s): %w", dir, err)
	}
	d.rec.remark = fmt.Sprintf("%d files", n)
	return nil
}

// ownShared is the folder to save, which nobody but the container may use;
// empty: nothing is to be saved.
func (d *dump) ownShared() (string, error) {
	dir := sharedMemory(d.c.Spec.Mounts)
	if dir == "" {
		return "", nil
	}
	if empty, err := shm.Empty(dir); empty || err != nil {
		return "", err
	}
	own, err := processes(d.freezer, d.pid)
	if err != nil {
		return "", err
	}
	return dir, codedShared(rpccode.Preflight, shm.Alone(dir, own))
}

func codedShared(code rpccode.Code, err error) error {
	if errors.Is(err, shm.ErrShared) {
		return rpccode.Wrap(code, err)
	}
	return err
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
	if err := shm.Alone(dir, nil); err != nil { // nobody of the container's lives yet
		return codedShared(rpccode.Host, err)
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

// OwnMemory tells of a mount whether it is the /dev/shm that the processes'
// memory was put back in: nobody else uses it, and they cannot be without it.
func (r *Restore) OwnMemory(m specs.Mount) bool {
	return r != nil && r.shared != nil && path.Clean(m.Destination) == devShm
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
