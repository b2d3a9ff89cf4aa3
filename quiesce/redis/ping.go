package redis

import (
	"context"
	"errors"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// Ping proves that the pause stood without a gap, and puts its end off by the
// whole hold.
func (s *session) Ping(ctx context.Context) error {
	before := s.fence.surely
	if err := s.unbroken(ctx); err != nil {
		return gone(err)
	}
	if err := s.pause(ctx); err != nil {
		return gone(err)
	}
	if time.Now().After(before) {
		_ = s.lower(ctx) // what is still paused ends by itself
		return gone(errExpired)
	}
	return nil
}

var (
	errNoFence = errors.New("there is none")
	errExpired = errors.New("its time was over")
	errLifted  = errors.New("somebody has lifted it")
	errWritten = errors.New("something was written: somebody has lifted it")
)

// unbroken is the proof that nobody has lifted the pause: the server shows it,
// and nothing was written.
func (s *session) unbroken(ctx context.Context) error {
	switch {
	case s.fence.surely.IsZero():
		return errNoFence
	case !s.fence.stands(time.Now()):
		return errExpired
	}
	facts, err := s.look(ctx)
	if err != nil {
		return err
	}
	if facts.showsPauses() && !facts.paused() {
		return errLifted
	}
	return s.unwritten(facts)
}

// unwritten compares the count of changes, which only a save makes smaller.
func (s *session) unwritten(facts info) error {
	now := facts.number("rdb_changes_since_last_save")
	if now > s.fence.changes {
		return errWritten
	}
	s.fence.changes = now
	return nil
}

func gone(err error) error {
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrFence, err),
		What:   "the pause of writers does not hold: " + err.Error(),
		Remedy: "what was captured since cannot count as clean: checkpoint again",
	}
}
