package captures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/flock"

	"github.com/lull-containers/lull/internal/durable"
)

// Hold is a reference to a checkpoint's captures, such as a clone that lives
// on them. It lasts until it is released, whoever dies.
type Hold struct {
	By    string    `json:"by"` // kind and name: clone/default/shop-1
	Since time.Time `json:"since"`
}

// Hold adds a reference. Holding twice is holding once.
func (s Store) Hold(id, by string) (err error) {
	lock, err := lockShared(s.Folder(id))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flock.Close(lock)) }()
	if _, err := s.Get(id); err != nil {
		return err
	}
	data, err := json.Marshal(Hold{By: by, Since: time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.Folder(id), holds), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(s.holdPath(id, by), append(data, '\n'), 0o600)
}

// Release takes a reference back; one that is not there is none to take back.
func (s Store) Release(id, by string) error {
	err := os.Remove(s.holdPath(id, by))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Abandon notes that nobody but its holders needs a checkpoint's captures any
// more.
func (s Store) Abandon(id string) error {
	if _, err := s.Get(id); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(s.Folder(id), abandoned), nil, 0o600)
}

func (s Store) holdPath(id, by string) string {
	return filepath.Join(s.Folder(id), holds, url.PathEscape(by)+".json")
}

func (s Store) holdsOf(id string) ([]Hold, error) {
	dir := filepath.Join(s.Folder(id), holds)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Hold
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".json" {
			continue // one that is being written
		}
		var h Hold
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil {
			err = json.Unmarshal(data, &h)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w; it holds the capture until it is removed", filepath.Join(dir, e.Name()), err)
		}
		all = append(all, h)
	}
	return all, nil
}
