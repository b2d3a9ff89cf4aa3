package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/flock"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/volume/captures"
)

// Captures are the captured volumes of a host, and who of the images needs
// them.
type Captures struct{ captures.Store }

// CapturesIn are those in lull's store.
func CapturesIn(dir string) Captures { return Captures{captures.Store{Dir: dir}} }

// Lock keeps others from removing captures (shared), or everybody from adding
// and removing (exclusive), until release.
func (c Captures) Lock(exclusive bool) (release func() error, err error) {
	dir := filepath.Dir(c.Folder("x"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	mode := flock.Shared
	if exclusive {
		mode = flock.Exclusive
	}
	f, err := flock.OpenWait(dir, mode)
	if err != nil {
		return nil, err
	}
	return func() error { return flock.Close(f) }, nil
}

// Volume is the folder of one captured volume, on this host. A checkpoint that
// came from elsewhere has its own idea of where it is: that one never counts.
func (c Captures) Volume(id string, v manifest.Volume) (path string, there bool) {
	path = filepath.Join(c.Folder(id), v.Name)
	found, err := c.Get(id)
	if err != nil {
		return path, false
	}
	i := slices.IndexFunc(found.Captures, func(x captures.Capture) bool { return x.Name == v.Name })
	if i < 0 {
		return path, false
	}
	return found.Captures[i].Path, true
}

// Bytes is what a checkpoint's captures take on the disk; shared blocks count
// for everybody who shares them.
func (c Captures) Bytes(ctx context.Context, id string) (sum int64, err error) {
	found, err := c.Get(id)
	if errors.Is(err, captures.ErrNotFound) {
		return 0, nil
	}
	for _, x := range found.Captures {
		n, err := treeBytes(ctx, x.Path)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, err
}

func treeBytes(ctx context.Context, dir string) (sum int64, err error) {
	seen := map[uint64]bool{}
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if ok && (st.Nlink == 1 || !seen[st.Ino]) {
			seen[st.Ino] = true
			sum += st.Blocks * 512
		}
		return nil
	})
	return sum, cleanup.IgnoreAbsent(err) // removed meanwhile
}

// Poisoned says why this host knows that a checkpoint must never be restored;
// empty when it does not.
func (c Captures) Poisoned(id string) (string, error) {
	found, err := c.Get(id)
	if errors.Is(err, captures.ErrNotFound) {
		return "", nil
	}
	return found.Poisoned, err
}
