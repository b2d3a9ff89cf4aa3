package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/flock"
)

// lockFile takes an exclusive lock that dies with the process. waiting is
// called once when somebody else holds it.
func lockFile(path string, waiting func()) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if flock.Try(f, flock.Exclusive) == nil {
		return func() { f.Close() }, nil
	}
	waiting()
	if err := flock.Wait(f, flock.Exclusive); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
