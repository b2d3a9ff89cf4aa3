package clone

import (
	"os"
	"path/filepath"

	"github.com/lull-containers/lull/internal/cleanup"
	"github.com/lull-containers/lull/internal/durable"
	"github.com/lull-containers/lull/internal/flock"
)

// LockPool makes this process the one that fills a pool or takes it away;
// ErrPoolBusy: another one is.
func (h House) LockPool(name string) (unlock func() error, err error) {
	f, err := lockIn(h.poolDir(name), name, ErrPoolUnknown, ErrPoolBusy)
	if err != nil {
		return nil, err
	}
	return func() error { return flock.Close(f) }, nil
}

// SetTrouble keeps why a pool could not be filled; nil: it could.
func (h House) SetTrouble(pool string, trouble error) error {
	path := filepath.Join(h.poolDir(pool), poolTrouble)
	if trouble == nil {
		return cleanup.IgnoreAbsent(os.Remove(path))
	}
	return durable.WriteFile(path, []byte(trouble.Error()+"\n"), 0o600)
}

// Trouble is why a pool could not be filled the last time; empty: it could.
func (h House) Trouble(pool string) (string, error) {
	data, err := os.ReadFile(filepath.Join(h.poolDir(pool), poolTrouble))
	return string(data), cleanup.IgnoreAbsent(err)
}
