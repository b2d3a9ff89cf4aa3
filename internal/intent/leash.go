package intent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lull-containers/lull/internal/flock"
)

// A Leash says that a client still wants what it announced. The kernel lets go
// of it when the client dies.
type Leash struct {
	file *os.File
	once sync.Once
}

// NewLeash is the client's end; its Path goes into the intent.
func NewLeash(stateDir, namespace, id string) (*Leash, error) {
	dir := filepath.Join(stateDir, "leashes", namespace)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, id+"-")
	if err != nil {
		return nil, err
	}
	l := &Leash{file: f}
	if err := flock.Try(f, flock.Exclusive); err != nil {
		return nil, errors.Join(err, l.Drop())
	}
	return l, nil
}

// Path of the file.
func (l *Leash) Path() string { return l.file.Name() }

// Drop lets go. A second time, or on nil, it does nothing.
func (l *Leash) Drop() (err error) {
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		err = errors.Join(os.Remove(l.file.Name()), flock.Close(l.file))
	})
	return err
}

const lookAgain = 100 * time.Millisecond

// Leashed is a context that ends when the client has let go, or is dead. An
// empty path is a client that has no leash.
func Leashed(ctx context.Context, path string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if path == "" {
		return ctx, cancel
	}
	go func() {
		for Held(path) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(lookAgain):
			}
		}
		cancel()
	}()
	return ctx, cancel
}

// Held tells whether somebody has the leash. A file that is gone nobody has.
func Held(path string) bool {
	f, err := flock.OpenTry(path, flock.Shared)
	if err == nil {
		_ = flock.Close(f)
	}
	return errors.Is(err, flock.ErrHeld)
}
