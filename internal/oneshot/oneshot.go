// Package oneshot leaves small messages for the shim of one container in the
// state folder. A message works once, and is void when it has expired.
package oneshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lull-containers/lull/internal/durable"
)

// Kind is what a message is about; each has a folder of its own.
type Kind string

// Container names the one that a message is for. Its parts are safe as names
// of files: containerd allows no separator in namespaces and ids.
type Container struct {
	StateDir, Namespace, ID string
}

func (c Container) path(k Kind) string {
	return filepath.Join(c.StateDir, string(k), c.Namespace, c.ID+".json")
}

type envelope[T any] struct {
	Expires time.Time `json:"expires"`
	Message T         `json:"message"`
}

// Leave leaves a message, in the place of an older one of its kind.
func Leave[T any](c Container, k Kind, message T, expires time.Time) error {
	path := c.path(k)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(envelope[T]{expires, message})
	if err != nil {
		return err
	}
	return durable.WriteFile(path, append(data, '\n'), 0o600)
}

// Take removes and returns the message; ok is false when there is none or it
// is void.
func Take[T any](c Container, k Kind, now time.Time) (message T, ok bool, err error) {
	data, err := read(c, k)
	if data == nil || err != nil {
		return message, false, err
	}
	if err := os.Remove(c.path(k)); err != nil {
		return message, false, err
	}
	return open[T](c.path(k), data, now)
}

// Peek is Take, and leaves the message where it is.
func Peek[T any](c Container, k Kind, now time.Time) (message T, ok bool, err error) {
	data, err := read(c, k)
	if data == nil || err != nil {
		return message, false, err
	}
	return open[T](c.path(k), data, now)
}

// read returns nil where there is no message.
func read(c Container, k Kind) ([]byte, error) {
	data, err := os.ReadFile(c.path(k))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func open[T any](path string, data []byte, now time.Time) (message T, ok bool, err error) {
	var e envelope[T]
	if err := json.Unmarshal(data, &e); err != nil {
		return message, false, fmt.Errorf("%s: %w", path, err)
	}
	return e.Message, now.Before(e.Expires), nil
}
