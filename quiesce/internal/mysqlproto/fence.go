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

	// order is of the connections. The tables that a transaction takes first
	// come first, because then it waits with nothing in its hands: those that
	// are written to least are likelier to be these, and so is one that was not
	// had in an attempt.
	order    []int
	nowait   string // what LOCK TABLES ends in; empty: it waits
	hold     time.Duration
	attempts int
	patient  time.Duration // what a lock may wait, beyond the time that its tables need
}

// eager is after how many attempts a fence stands in line behind short
// transactions: under a steady load of them a moment without any may never
// come.
const eager = 10

func (f *fence) inLine() bool { return f.attempts > eager }

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
// until ctx ends, and waits for somebody only a moment, and for nobody whose
// transaction is old. A connection of the fence that stays idle for hold is ended
// by the server, and Ping puts that off. ErrFence says that the locks were not
// had.
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
		return nil, tooLate(ctx, err)
	}
	if err := s.lockAll(ctx); err != nil {
		return nil, tooLate(ctx, err)
	}
	if err := s.arm(ctx); err != nil {
		return nil, tooLate(ctx, err)
	}
	return s.held(), nil
}

// tooLate is a fence that was not had for want of time, whatever was done when
// it ran out.
func tooLate(ctx context.Context, err error) error {
	if ctx.Err() == nil || errors.Is(err, quiesce.ErrFence) {
		return err
	}
	return noMoment(err)
}

func noMoment(err error) error {
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrFence, err),
		What:   "no moment was found without a write transaction",
		Remedy: "raise lull/pause-budget, end long write transactions, or use lull/mode=flush",
	}
}

func (s *Session) held() []manifest.Held {
	hold, _ := s.engine.Guard()
	return []manifest.Held{
		{Setting: fmt.Sprintf("LOCK TABLES … READ on %d tables", len(s.fence.tables)), Release: manifest.BySession},
		{Setting: hold[len(hold)-1], Release: manifest.BySession},
	}
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
		if err := s.again(ctx); err != nil {
			return s.fenceError(err)
		}
		if err := wait.Sleep(ctx, pause); err != nil {
			return noMoment(err)
		}
	}
}

// again prepares the next attempt.
func (s *Session) again(ctx context.Context) error {
	f := s.fence
	f.attempts++
	f.patient = min(f.patient*5/4, lastPatience)
	if err := s.reopen(ctx); err != nil {
		return err
	}
	if f.nowait == "" || !f.inLine() {
		return nil
	}
	f.nowait = ""
	return s.spread(ctx)
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
// that does not even do that is lost, its locks with it, and reopen brings
// another.
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
