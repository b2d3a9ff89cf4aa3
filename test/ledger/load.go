package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Load is N clients that commit entries, each one after the other, and
// connect again after every error, until they are stopped.
type Load struct {
	Store    Store
	Log      *Log
	Clients  int
	Accounts int           // as given to Setup; at least 2
	Pause    time.Duration // of a client between two entries
	Retry    time.Duration // after an error; 0 means 20 ms
	Timeout  time.Duration // of one call; 0 means 30 s, longer than any freeze that a test makes
}

// Running is a started load.
type Running struct {
	load   Load
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start sets the clients going. They end with ctx or with Stop; a transaction
// that is under way then is finished, within Timeout.
func (l Load) Start(ctx context.Context) (*Running, error) {
	if l.Clients < 1 || l.Accounts < 2 {
		return nil, fmt.Errorf("a ledger load needs a client and two accounts, not %d and %d", l.Clients, l.Accounts)
	}
	l.Retry = orElse(l.Retry, 20*time.Millisecond)
	l.Timeout = orElse(l.Timeout, 30*time.Second)
	ctx, cancel := context.WithCancel(ctx)
	r := &Running{load: l, cancel: cancel}
	for id := range l.Clients {
		c := newClient(id, l)
		r.done.Go(func() { c.run(ctx) })
	}
	return r, nil
}

// Stop ends the load and waits for every client.
func (r *Running) Stop() {
	r.cancel()
	r.done.Wait()
}

// WaitAcked returns when every client has received n acknowledgements more
// than at the call, or with an error that names a client that has not when
// ctx ends.
func (r *Running) WaitAcked(ctx context.Context, n int64) error {
	goal := make([]int64, r.load.Clients)
	for c := range goal {
		goal[c] = r.load.Log.AckedBy(c) + n
	}
	for c, want := range goal {
		for r.load.Log.AckedBy(c) < want {
			if err := sleep(ctx, 5*time.Millisecond); err != nil {
				return fmt.Errorf("client %d received %d acknowledgements, not %d: %w",
					c, r.load.Log.AckedBy(c), want, err)
			}
		}
	}
	return nil
}

func orElse(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

// sleep waits, unless ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
