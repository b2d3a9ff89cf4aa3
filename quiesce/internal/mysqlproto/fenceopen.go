package mysqlproto

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

func (s *Session) openFence(ctx context.Context, hold time.Duration) (err error) {
	s.fence = &fence{nowait: s.engine.NoWait(), hold: hold, patient: firstPatience}
	busiest, err := s.busiest(ctx)
	if err != nil {
		return err
	}
	opened, err := s.openHeld(ctx, 2+len(busiest))
	if err != nil {
		return err
	}
	s.fence.guard = opened[0]
	s.fence.add(opened[1:])
	if err := s.mark(ctx, 0); err != nil {
		return err
	}
	return s.share(ctx, busiest)
}

// busiest are none where nothing waits for a table.
func (s *Session) busiest(ctx context.Context) ([][2]string, error) {
	if s.fence.nowait != "" {
		return nil, nil
	}
	return s.engine.Busiest(ctx, s)
}

// spread gives the busiest tables connections of their own.
func (s *Session) spread(ctx context.Context) error {
	busiest, err := s.busiest(ctx)
	if err != nil {
		return err
	}
	opened, err := s.openHeld(ctx, 1+len(busiest)-len(s.fence.locks))
	if err != nil {
		return err
	}
	s.fence.add(opened)
	return s.share(ctx, busiest)
}

// add puts connections before those that there are.
func (f *fence) add(opened []*conn) {
	for _, c := range opened {
		f.order = slices.Insert(f.order, 0, len(f.locks))
		f.locks = append(f.locks, c)
	}
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

// openHeld opens n connections side by side, which the server ends after the
// hold, or a little later: all of them, or none.
func (s *Session) openHeld(ctx context.Context, n int) ([]*conn, error) {
	opened, errs := make([]*conn, max(n, 0)), make([]error, max(n, 0))
	var all sync.WaitGroup
	for i := range opened {
		all.Go(func() { opened[i], errs[i] = s.open(ctx, max(s.fence.hold, making)) })
	}
	all.Wait()
	if err := cmp.Or(errs...); err != nil {
		for _, c := range opened {
			if c != nil {
				c.close()
			}
		}
		return nil, err
	}
	return opened, nil
}

// reopen brings another connection for each that a statement out of time has
// cost. The server ends the lost one first: it may still stand in line for
// tables, and would have them.
func (s *Session) reopen(ctx context.Context) error {
	for i := range s.fence.locks {
		if err := s.revive(ctx, &s.fence.locks[i]); err != nil {
			return err
		}
	}
	if !s.fence.guard.broken {
		return nil
	}
	if err := s.revive(ctx, &s.fence.guard); err != nil {
		return err
	}
	return s.mark(ctx, letGoTime) // the lost one's ends with it, a moment later
}

func (s *Session) revive(ctx context.Context, c **conn) error {
	lost := *c
	if !lost.broken {
		return nil
	}
	_ = s.Exec(ctx, "ending a lost connection", "KILL CONNECTION "+lost.id) // it may be gone already
	opened, err := s.openHeld(ctx, 1)
	if err != nil {
		return err
	}
	lost.close()
	*c = opened[0]
	return nil
}

// mark says that a fence stands, and fails where another one does for longer
// than patience.
func (s *Session) mark(ctx context.Context, patience time.Duration) error {
	all, err := s.fence.guard.rows(ctx, "SELECT GET_LOCK(?, ?) AS got", fenceName, int(patience.Seconds()))
	if err != nil {
		return s.explain(err, "setting the fence")
	}
	if all[0]["got"] != "1" {
		return &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrFence, quiesce.ErrBusy),
			What: "another fence of lull's stands", Remedy: "wait until that checkpoint has ended"}
	}
	return nil
}
