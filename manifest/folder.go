package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

// MayAppear lists the only names that may be in a sealed checkpoint's folder
// without being in its manifest: what a restore writes there when its work
// folder is the image folder. They are neither hashed nor trusted.
func MayAppear() []string {
	return []string{"restore.log", "stats-restore"}
}

const (
	hashers    = 2
	hashBuffer = 128 << 10
)

// names lists what has to be in Manifest.Files, sorted.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the checkpoint folder: %w", err)
	}
	var list []string
	for _, e := range entries {
		if e.Name() == FileName || slices.Contains(MayAppear(), e.Name()) {
			continue
		}
		if !e.Type().IsRegular() {
			return nil, altered(e.Name(), "it is not a regular file; the folder has to be flat")
		}
		list = append(list, e.Name())
	}
	return list, nil
}

func hashFolder(ctx context.Context, dir string) ([]File, error) {
	list, err := names(dir)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(n string) bool { return n == tempName })
	files := make([]File, len(list))
	err = each(ctx, len(list), func(ctx context.Context, i int) (err error) {
		files[i], err = hashFile(ctx, dir, list[i])
		return err
	})
	return files, err
}

// each runs do for 0 … n-1, two at a time.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(hashers)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, i)
		})
	}
	return g.Wait()
}

func hashFile(ctx context.Context, dir, name string) (File, error) {
	f, err := openRegular(filepath.Join(dir, name))
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(h, reader{ctx, f}, make([]byte, hashBuffer))
	if err != nil {
		return File{}, fmt.Errorf("hash %s: %w", name, err)
	}
	return File{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// reader ends with the context. It hides the file's WriteTo, so that
// io.CopyBuffer uses the buffer it is given.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Sync makes every file of the folder durable. Call it before Seal for a
// checkpoint that stays where it is; one that is packed and thrown away does
// not need it.
func Sync(ctx context.Context, dir string) error {
	list, err := names(dir)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, FileName)); err == nil {
		list = append(list, FileName)
	}
	err = each(ctx, len(list), func(_ context.Context, i int) error {
		f, err := openRegular(filepath.Join(dir, list[i]))
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
	return errors.Join(err, syncDir(dir))
}
