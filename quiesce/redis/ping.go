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
	errSaved   = errors.New("somebody has saved: what may have been written since is not counted any more")
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

// unwritten compares the count of changes. Only a save makes it smaller: one of
// ours, which notes it, or one that was under way already.
func (s *session) unwritten(facts info) error {
	was, now := s.fence.data, dataOf(facts)
	switch {
	case now.changes > was.changes:
		return errWritten
	case (now.changes < was.changes || now.saved != was.saved) && !was.saving:
		return errSaved
	}
	s.fence.data = now
	return nil
}

// savedOurselves notes that a snapshot of ours has set the count back, if nothing
// had been written before.
func (s *session) savedOurselves(before, after info) {
	if s.fence.stands(time.Now()) && s.unwritten(before) == nil {
		s.fence.data = data{saved: after.number(keySaved)}
	}
}

func gone(err error) error {
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrFence, err),
		What:   "the pause of writers does not hold: " + err.Error(),
		Remedy: "what was captured since cannot count as clean: checkpoint again",
	}
}
