package fakemongod

import (
	"context"
	"sync"
	"time"
)

// lock is the global lock as far as writers and fsyncLock need it: writers
// share it, fsyncLock takes it alone and counts. As in mongod, an attempt that
// waits holds later writers up.
type lock struct {
	mu      sync.Mutex
	changed chan struct{} // guarded by mu: closed at every change
	writers int           // guarded by mu: writes and transactions that have written
	waiting int           // guarded by mu: attempts to lock
	count   int           // guarded by mu: of fsyncLock
}

func newLock() *lock { return &lock{changed: make(chan struct{})} }

// change must be called with mu held.
func (l *lock) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// until waits until f, called with mu held, is true.
func (l *lock) until(ctx context.Context, f func() bool) error {
	for {
		l.mu.Lock()
		if f() {
			l.change()
			l.mu.Unlock()
			return nil
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// enter lets one writer in.
func (l *lock) enter(ctx context.Context) error {
	return l.until(ctx, func() bool {
		if l.count > 0 || l.waiting > 0 {
			return false
		}
		l.writers++
		return true
	})
}

func (l *lock) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writers--
	l.change()
}

// acquire locks once more and gives the count. A server that is locked already
// is locked again at once.
func (l *lock) acquire(ctx context.Context, wait time.Duration) (int, error) {
	bound, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	l.mu.Lock()
	l.waiting++
	l.mu.Unlock()
	count := 0
	err := l.until(bound, func() bool {
		if l.count == 0 && l.writers > 0 {
			return false
		}
		l.count++
		l.waiting--
		count = l.count
		return true
	})
	if err == nil {
		return count, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	l.change()
	if ctx.Err() != nil {
		return 0, fails(11601, "Interrupted", "operation was interrupted")
	}
	return 0, fails(24, "LockTimeout", "Fsync lock timed out after %d ms", wait.Milliseconds())
}

// release unlocks once and gives the count that is left.
func (l *lock) release() (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == 0 {
		return 0, fails(20, "IllegalOperation", "fsyncUnlock called when not locked")
	}
	l.count--
	l.change()
	return l.count, nil
}

func (l *lock) locked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}
