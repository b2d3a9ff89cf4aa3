package dockerd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/lull-containers/lull/internal/durable"
)

// checkpoints names those with a manifest.
func checkpoints(c Container) ([]string, error) {
	entries, err := os.ReadDir(c.Checkpoints())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(c.Checkpoints(), e.Name(), manifestFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// LinkCheckpoint puts a saved checkpoint into another container's folder.
func LinkCheckpoint(saved Container, name string, to Container) error {
	return linkFolder(filepath.Join(saved.Checkpoints(), name), filepath.Join(to.Checkpoints(), name))
}

// linkFolder gives the files of a flat folder second names, or copies them to
// another file system.
func linkFolder(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		a, b := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		err := os.Link(a, b)
		if errors.Is(err, unix.EXDEV) {
			err = copyFile(a, b)
		}
		if err != nil {
			return err
		}
	}
	return durable.SyncDir(to)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Sync()
}
