package mysqlproto

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// fence is two connections that hold writers back for as long as they live:
// one locks the tables, the other keeps tables from being made and changed.
// They are two because one that has locked tables may do little else.
type fence struct {
	locks, guard *conn
	tables       []table
}

// The names of the user-level locks by which a fence is found again. They end
// with their connections, like all the rest.
const (
	locksName = "lull.tables"
	guardName = "lull.guard"
)

// The bounds of the pauses between two attempts.
const (
	firstRetry = 2 * time.Millisecond
	lastRetry  = 20 * time.Millisecond
)

// Fence locks every table of the users' READ: who reads goes on, who writes
// waits, and no transaction has written and not ended. It tries again and again
// until ctx ends, and waits for nobody while it holds anything. A connection of
// the fence that stays idle for hold is ended by the server, and Ping puts that
// off. ErrFence says that the locks were not had.
func (s *Session) Fence(ctx context.Context, hold time.Duration) (held []manifest.Held, err error) {
	switch {
	case s.fence != nil:
		return nil, &quiesce.Refusal{Class: quiesce.ErrFence, What: "the fence stands already"}
	case hold < time.Second:
		return nil, &quiesce.Refusal{Class: quiesce.ErrFence, What: fmt.Sprintf("a fence cannot be held for %v", hold)}
	}
	defer func() {
		if err != nil {
			s.unfence()
		}
	}()
	if err := s.openFence(ctx, hold); err != nil {
		return nil, err
	}
	if err := s.lockAll(ctx); err != nil {
		return nil, err
	}
	return s.held(), nil
}

func (s *Session) held() []manifest.Held {
	hold, _ := s.engine.Guard()
	return []manifest.Held{
		{Setting: fmt.Sprintf("LOCK TABLES … READ on %d tables", len(s.fence.tables)), Release: manifest.BySession},
		{Setting: hold[len(hold)-1], Release: manifest.BySession},
	}
}

func (s *Session) openFence(ctx context.Context, hold time.Duration) (err error) {
	s.fence = &fence{}
	if s.fence.locks, err = s.openMarked(ctx, locksName, hold); err != nil {
		return err
	}
	s.fence.guard, err = s.openMarked(ctx, guardName, hold)
	return err
}

func (s *Session) openMarked(ctx context.Context, name string, hold time.Duration) (*conn, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, hold); err != nil {
		c.close()
		return nil, s.explain(err, "setting the fence")
	}
	all, err := c.rows(ctx, "SELECT GET_LOCK(?, 0) AS got", name)
	if err == nil && all[0]["got"] == "1" {
		return c, nil
	}
	c.close()
	if err != nil {
		return nil, s.explain(err, "setting the fence")
	}
	return nil, &quiesce.Refusal{Class: caused{quiesce.ErrFence, quiesce.ErrBusy},
		What: "another fence of lull's stands", Remedy: "wait until that checkpoint has ended"}
}

// lockAll attempts until every table is locked at once.
func (s *Session) lockAll(ctx context.Context) error {
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		failed := s.attempt(ctx)
		if failed == nil {
			return nil
		}
		s.letGo(ctx)
		if !passing(failed) {
			return s.fenceError(failed)
		}
		if err := wait.Sleep(ctx, pause); err != nil {
			return &quiesce.Refusal{
				Class:  caused{quiesce.ErrFence, err},
				What:   "no moment was found without a write transaction",
				Remedy: "raise lull/pause-budget, end long write transactions, or use lull/mode=flush",
			}
		}
	}
}

// errWriters says that somebody writes.
var errWriters = errors.New("a write transaction is open")

// passing is true for what another attempt may not meet again: a lock that
// somebody has, a table that was dropped between list and lock.
func passing(err error) bool {
	return errors.Is(err, errWriters) || wait.Spent(err) ||
		slices.Contains([]uint16{lockWaitTimeout, interrupted, unknownTable, unknownDatabase, deadlock}, codeOf(err))
}

func (s *Session) fenceError(err error) error {
	if errors.Is(err, quiesce.ErrFence) {
		return err
	}
	return fmt.Errorf("%w: %w", quiesce.ErrFence, s.explain(err, "locking tables"))
}

// letGoTime bounds the release between two attempts.
const letGoTime = 2 * time.Second

// letGo of all locks, so that nobody waits between two attempts. A connection
// that does not even do that is lost, and its locks with it.
func (s *Session) letGo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoTime)
	defer cancel()
	_ = s.fence.locks.exec(ctx, "UNLOCK TABLES")
	_, free := s.engine.Guard()
	for _, statement := range free {
		_ = s.fence.guard.exec(ctx, statement) // it may not be held
	}
	s.fence.tables = nil
}

// unfence closes the fence's connections; the server does the rest.
func (s *Session) unfence() {
	if s.fence == nil {
		return
	}
	for _, c := range []*conn{s.fence.locks, s.fence.guard} {
		if c != nil {
			c.close()
		}
	}
	s.fence = nil
}

// Ping proves that both connections are alive, and with them their locks.
func (s *Session) Ping(ctx context.Context) error {
	if s.fence == nil {
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "there is no fence"}
	}
	for _, c := range []*conn{s.fence.locks, s.fence.guard} {
		if err := c.exec(ctx, "DO 1"); err != nil {
			return &quiesce.Refusal{
				Class:  caused{quiesce.ErrFence, err},
				What:   "the fence is gone",
				Remedy: "what was captured since cannot count as clean: checkpoint again",
			}
		}
	}
	return nil
}
