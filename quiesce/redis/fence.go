package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
)

// fence is a pause of writers. It stands by the server's clock, whatever
// becomes of the connection.
type fence struct {
	hold   time.Duration // how long it stands without a ping
	until  time.Time     // no pause of this session's lasts longer; zero: none was planned
	surely time.Time     // it stands at least until then; zero: there is none
	data   data          // when it was last looked at
}

// data tells, by what it counts, whether something was written: until a snapshot
// is ready, which sets the count of changes back.
type data struct {
	changes, saved int64 // since the last save, and its time
	saving         bool  // a snapshot is being made
}

func dataOf(facts info) data {
	return data{facts.number(keyChanges), facts.number(keySaved), facts["rdb_bgsave_in_progress"] == "1"}
}

func (f fence) stands(now time.Time) bool { return now.Before(f.surely) }

// Fence pauses writers for hold; Ping puts the end off. Reads go on, keys
// neither expire nor are evicted. It is ErrUnsupported before 6.2 and on a
// replica, ErrBusy where a pause is seen that is not ours.
func (s *session) Fence(ctx context.Context, hold time.Duration) ([]manifest.Held, error) {
	facts, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.mayFence(facts, hold); err != nil {
		return nil, err
	}
	if s.fence.until.IsZero() {
		s.fence.until = lastEnd(hold)
	}
	s.fence.hold = hold
	if err := s.raise(ctx); err != nil {
		return nil, fenceError(err, s.lower(ctx))
	}
	return held(s.fence.until), nil
}

func (s *session) mayFence(facts info, hold time.Duration) error {
	switch {
	case !facts.atLeast(6, 2):
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: s.name() + " " + s.version() + " cannot be fenced: before 6.2 a pause stops everybody, us included",
			Remedy: "use lull/mode=flush, or a newer version"}
	case role(facts) == "replica":
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "a replica of " + s.name() + " cannot be fenced",
			Remedy: "use lull/mode=flush, or checkpoint its primary with it"}
	case s.fence.stands(time.Now()):
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "the fence stands already"}
	case hold < time.Millisecond:
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: fmt.Sprintf("a fence cannot be held for %v", hold)}
	}
	return s.checkPause(facts)
}

// raise pauses writers and looks at the data that must not change now.
func (s *session) raise(ctx context.Context) error {
	if err := s.pause(ctx); err != nil {
		return err
	}
	facts, err := s.look(ctx)
	s.fence.data = dataOf(facts)
	return err
}

// pause holds writers back for another hold from now on.
func (s *session) pause(ctx context.Context) error {
	sent := time.Now()
	if end := sent.Add(s.fence.hold); end.After(s.fence.until) {
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "the pause of writers cannot be put off any more",
			Remedy: "the checkpoint took too long: lower lull/pause-budget, or use lull/mode=flush"}
	}
	_, err := s.do(ctx, "pausing writers", "CLIENT", "PAUSE", s.fence.hold.Milliseconds(), "WRITE")
	if err == nil {
		s.fence.surely = sent.Add(s.fence.hold)
	}
	return err
}

// lower ends a pause that may have been set, also when ctx has ended.
func (s *session) lower(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return s.unpause(ctx, s.fence.until)
}

// fenceError keeps what has a class of its own. A pause that could not be
// lifted again ends by itself.
func fenceError(err, lowering error) error {
	if errors.Is(err, quiesce.ErrFence) || errors.Is(err, quiesce.ErrPrivilege) || errors.Is(err, quiesce.ErrUnsupported) {
		return err
	}
	return &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrFence, errors.Join(err, lowering)), What: "writers could not be paused: " + err.Error()}
}
