package mysqlproto

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// fence is connections that hold writers back for as long as they live: one
// keeps tables from being made and changed, the others lock the tables. Those
// that are written to most have a connection each. One that waits for a table
// while it holds another could close a circle with a transaction that takes
// them in another order, and the server would give up the transaction.
type fence struct {
	guard  *conn
	locks  []*conn
	shares [][]table // by connection
	tables []table   // all of them

	busiest [][2]string
}

func (f *fence) conns() []*conn { return append([]*conn{f.guard}, f.locks...) }

// fenceName is the user-level lock by which a fence is found again. It ends with
// its connection, like all the rest.
const fenceName = "lull.fence"

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
	busiest, err := s.engine.Busiest(ctx, s)
	if err != nil {
		return err
	}
	s.fence = &fence{shares: make([][]table, 1+len(busiest))}
	if s.fence.guard, err = s.openHeld(ctx, hold); err != nil {
		return err
	}
	if err := s.mark(ctx); err != nil {
		return err
	}
	for range s.fence.shares {
		c, err := s.openHeld(ctx, hold)
		if err != nil {
			return err
		}
		s.fence.locks = append(s.fence.locks, c)
	}
	return s.share(ctx, busiest)
}

// openHeld opens a connection that the server ends after hold.
func (s *Session) openHeld(ctx context.Context, hold time.Duration) (*conn, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, hold); err != nil {
		c.close()
		return nil, s.explain(err, "setting the fence")
	}
	return c, nil
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
				Class:  refusal.Caused(quiesce.ErrFence, err),
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
	for _, c := range s.fence.locks {
		_ = c.exec(ctx, "UNLOCK TABLES")
	}
	_, free := s.engine.Guard()
	for _, statement := range free {
		_ = s.fence.guard.exec(ctx, statement) // it may not be held
	}
}

// unfence closes the fence's connections; the server does the rest.
func (s *Session) unfence() {
	if s.fence == nil {
		return
	}
	for _, c := range s.fence.conns() {
		if c != nil {
			c.close()
		}
	}
	s.fence = nil
}

// Ping proves that all connections are alive, and with them their locks.
func (s *Session) Ping(ctx context.Context) error {
	if s.fence == nil {
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "there is no fence"}
	}
	for _, c := range s.fence.conns() {
		if err := c.exec(ctx, "DO 1"); err != nil {
			return &quiesce.Refusal{
				Class:  refusal.Caused(quiesce.ErrFence, err),
				What:   "the fence is gone",
				Remedy: "what was captured since cannot count as clean: checkpoint again",
			}
		}
	}
	return nil
}
