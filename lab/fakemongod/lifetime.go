package fakemongod

import (
	"context"
	"maps"
	"slices"
	"time"
)

// lifetime is how long a transaction may be open: manual,
// "transactionLifetimeLimitSeconds". Nothing else ends one whose client is
// gone: it belongs to its session, not to a connection.
func (o Options) lifetime() time.Duration {
	if o.Lifetime > 0 {
		return o.Lifetime
	}
	return time.Minute
}

// reap ends transactions that are open for too long, until ctx ends.
func (s *server) reap(ctx context.Context) {
	tick := time.NewTicker(min(time.Second, s.lifetime()/2))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reapOnce()
		}
	}
}

func (s *server) reapOnce() {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.sessions))
	s.mu.Unlock()
	for _, l := range all {
		if !l.mu.TryLock() {
			continue // a statement of it is running
		}
		if l.tx != nil && time.Since(l.tx.since) > s.lifetime() {
			s.abort(l)
		}
		l.mu.Unlock()
	}
}
