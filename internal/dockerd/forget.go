package dockerd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/internal/flock"
)

// SavedCheckpoint is one checkpoint of a saved container.
type SavedCheckpoint struct {
	Container Container
	Name      string
}

// Folder has the checkpoint's files.
func (s SavedCheckpoint) Folder() string { return filepath.Join(s.Container.Checkpoints(), s.Name) }

// AllSaved lists what Save keeps below a folder. One that is being saved, or
// cannot be read, is left out.
func AllSaved(in string) ([]SavedCheckpoint, error) {
	entries, err := os.ReadDir(in)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []SavedCheckpoint
	for _, e := range entries {
		c, err := Read(filepath.Join(in, e.Name()))
		if err != nil {
			continue
		}
		names, err := checkpoints(c)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			all = append(all, SavedCheckpoint{c, name})
		}
	}
	return all, nil
}

// Forget removes a saved checkpoint from below the folder in, and its container
// with the last one. The manifest goes first: what is left of a removal that
// was killed is none that restores.
func Forget(s SavedCheckpoint, in string) error {
	lock, err := flock.OpenWait(in, flock.Exclusive)
	if err != nil {
		return err
	}
	defer lock.Close()
	err = errors.Join(os.Remove(filepath.Join(s.Folder(), manifestFile)), durable.SyncDir(s.Folder()), os.RemoveAll(s.Folder()))
	if err != nil {
		return err
	}
	left, err := checkpoints(s.Container)
	if err != nil || len(left) > 0 {
		return err
	}
	return errors.Join(os.RemoveAll(s.Container.Dir), durable.SyncDir(in))
}
