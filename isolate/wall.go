package isolate

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/lull-containers/lull/internal/wall"
)

// Walled is a network namespace that lull closed and did not make: its wall
// does not go with the container.
type Walled struct {
	Path  string `json:"path"`
	Inode uint64 `json:"inode"` // a path may be another namespace's later
}

// WalledAt is the namespace that is at a path now.
func WalledAt(path string) (Walled, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Walled{}, err
	}
	return Walled{path, info.Sys().(*syscall.Stat_t).Ino}, nil
}

// Open takes the wall away. A namespace that is gone has none.
func (w Walled) Open() error {
	if w.Path == "" {
		return nil
	}
	now, err := WalledAt(w.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && now != w {
		return nil
	}
	return errors.Join(err, wall.Remove(w.Path))
}
