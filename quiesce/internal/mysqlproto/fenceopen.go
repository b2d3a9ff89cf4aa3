package mysqlproto

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

func (s *Session) openFence(ctx context.Context, hold time.Duration) (err error) {
	s.fence = &fence{nowait: s.engine.NoWait(), hold: hold, patient: firstPatience}
	if s.fence.guard, err = s.openHeld(ctx); err != nil {
		return err
	}
	if err := s.mark(ctx); err != nil {
		return err
	}
	if s.fence.nowait == "" {
		return s.spread(ctx)
	}
	if err := s.openLocks(ctx, 1); err != nil {
		return err
	}
	return s.share(ctx, nil)
}

// spread gives the busiest tables connections of their own.
func (s *Session) spread(ctx context.Context) error {
	busiest, err := s.engine.Busiest(ctx, s)
	if err != nil {
		return err
	}
	if err := s.openLocks(ctx, 1+len(busiest)-len(s.fence.locks)); err != nil {
		return err
	}
	return s.share(ctx, busiest)
}

func (s *Session) openLocks(ctx context.Context, n int) error {
	for range n {
		c, err := s.openHeld(ctx)
		if err != nil {
			return err
		}
		s.fence.order = slices.Insert(s.fence.order, 0, len(s.fence.locks))
		s.fence.locks = append(s.fence.locks, c)
	}
	return nil
}

// making is how long a connection may be idle while the others are opened and
// until the locks are had.
const making = 30 * time.Second

// arm has the server end the connections after hold where they were given more
// time until now.
func (s *Session) arm(ctx context.Context) error {
	if s.fence.hold >= making {
		return nil
	}
	for _, c := range s.fence.conns() {
		if err := c.exec(ctx, fmt.Sprintf("SET SESSION wait_timeout=%d", int(s.fence.hold.Seconds()))); err != nil {
			return s.fenceError(err)
		}
	}
	return nil
}

// openHeld opens a connection that the server ends after the hold, or a little
// later.
func (s *Session) openHeld(ctx context.Context) (*conn, error) {
	return s.open(ctx, max(s.fence.hold, making))
}

// mark says that a fence stands, and fails where another one does.
func (s *Session) mark(ctx context.Context) error {
	all, err := s.fence.guard.rows(ctx, "SELECT GET_LOCK(?, 0) AS got", fenceName)
	if err != nil {
		return s.explain(err, "setting the fence")
	}
	if all[0]["got"] != "1" {
		return &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrFence, quiesce.ErrBusy),
			What: "another fence of lull's stands", Remedy: "wait until that checkpoint has ended"}
	}
	return nil
}
