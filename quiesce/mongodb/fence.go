package mongodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// The times of a fence. An attempt holds writers up while it waits, so it is
// short, and they may go for longer between two.
const (
	attemptTime  = 250 * time.Millisecond
	attemptPause = 500 * time.Millisecond
	// answerTime bounds the wait for the server's answer to a lock, which no
	// deadline of ours cuts short: without the answer nobody knows the count.
	answerTime = 5 * time.Second
)

// fence is one fsyncLock of this session's.
type fence struct {
	s *session

	mu    sync.Mutex
	mark  string // guarded by mu: the comment of its lock command; empty: none was planned
	taken bool   // guarded by mu: the server counts one lock of ours
	maybe bool   // guarded by mu: a lock command was sent and not answered
	hold  time.Duration
	end   *time.Timer // guarded by mu: unlocks when the time is up
	at    optime      // guarded by mu: nothing is written after it
	why   error       // guarded by mu: why it is gone
	past  []string    // guarded by mu: marks of others that were released
}

func newFence(s *session) *fence { return &fence{s: s, why: errNoFence} }

var (
	errNoFence  = errors.New("there is none")
	errExpired  = errors.New("its time was over")
	errReleased = errors.New("it was released")
	errUnlocked = errors.New("somebody has unlocked it")
	errWritten  = errors.New("something was written: somebody has unlocked it")
)

func (f *fence) stands() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.taken
}

// is tells the session's own mark.
func (f *fence) is(mark string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mark == mark
}

// done is true of another's mark that was released already: what is locked
// since is somebody else's.
func (f *fence) done(mark string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.past, mark)
}

func (f *fence) note(mark string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.past = append(f.past, mark)
}

// plan gives the fence its mark.
func (f *fence) plan() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mark == "" {
		f.mark = "lull " + rand.Text()
	}
	return f.mark
}

// Fence locks writers out with fsyncLock, for hold at the longest: Ping puts
// the end off, and the session itself unlocks then. Reads go on. It does not
// stand in line behind a transaction that stays open, waits for others a
// quarter of a second at a time, and gives up when somebody else turns out to
// hold the lock too.
func (s *session) Fence(ctx context.Context, hold time.Duration) ([]manifest.Held, error) {
	if err := s.mayFence(ctx, hold); err != nil {
		return nil, err
	}
	mark := s.fence.plan()
	var before []transaction
	for {
		done, err := s.attempt(ctx, mark, &before)
		if err != nil {
			return nil, fenceError(err)
		}
		if done {
			break
		}
		if err := wait.Sleep(ctx, attemptPause); err != nil {
			return nil, fenceError(fmt.Errorf("write transactions did not end in time: %w", err))
		}
	}
	if err := s.raise(ctx, hold); err != nil {
		return nil, fenceError(errors.Join(err, s.fence.lower(ctx)))
	}
	return held(mark), nil
}

func (s *session) mayFence(ctx context.Context, hold time.Duration) error {
	switch {
	case s.fence.stands():
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: "the fence stands already"}
	case hold < time.Millisecond:
		return &quiesce.Refusal{Class: quiesce.ErrFence, What: fmt.Sprintf("a fence cannot be held for %v", hold)}
	case s.server.FerretDB.Version != "":
		return s.explainServer(errUnknown, "the fence", "fsync")
	case !s.server.atLeast(7, 0, 2):
		return &quiesce.Refusal{Class: quiesce.ErrUnsupported, What: "MongoDB " + s.server.Version + " cannot be fenced: before 7.0.2 nothing bounds how long fsyncLock waits, and everybody with it",
			Remedy: "use lull/mode=flush, or a newer version"}
	}
	if err := s.allowed(ctx, append(always, forFence...)); err != nil {
		return err
	}
	return s.checkLock(ctx)
}

// attempt locks, unless a transaction that was open before the last pause still
// is: the lock would wait for it, and everybody for the lock. Short ones come
// and go, and are waited for.
func (s *session) attempt(ctx context.Context, mark string, before *[]transaction) (bool, error) {
	open, err := s.transactions(ctx)
	if err != nil {
		return false, err
	}
	old := among(*before, open)
	if *before = open; len(old) > 0 {
		return false, nil
	}
	count, err := s.fence.lock(ctx, mark)
	if codeOf(err) == codeLockTimeout {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if count == 1 {
		return true, nil
	}
	taken := &quiesce.Refusal{Class: quiesce.ErrBusy, What: fmt.Sprintf("somebody has locked MongoDB with fsyncLock meanwhile: with lull's there are %d locks", count),
		Remedy: "let them end it, or use lull/mode=flush"}
	return false, errors.Join(taken, s.fence.lower(ctx))
}

// raise notes where the server stands now, and has the fence end by itself.
func (s *session) raise(ctx context.Context, hold time.Duration) error {
	r, err := s.replicaStatus(ctx)
	if err != nil {
		return err
	}
	f := s.fence
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.hold = r.Optimes.Applied, hold
	f.end = time.AfterFunc(hold, f.expire)
	return nil
}

// expire unlocks when the time is up.
func (f *fence) expire() {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	_ = f.lowerBecause(ctx, errExpired) // what could not be unlocked stays in the journal
}

// Ping proves that the lock stood without a gap, and puts its end off by the
// whole hold.
func (s *session) Ping(ctx context.Context) error {
	if err := s.unbroken(ctx); err != nil {
		return gone(err)
	}
	f := s.fence
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.taken || !f.end.Stop() { // its end has begun
		return gone(errExpired)
	}
	f.end.Reset(f.hold)
	return nil
}

// unbroken asks the server whether it is locked, and whether something was
// written: that somebody unlocked ours and locked again.
func (s *session) unbroken(ctx context.Context) error {
	f := s.fence
	f.mu.Lock()
	taken, why, at := f.taken, f.why, f.at
	f.mu.Unlock()
	if !taken {
		return why
	}
	locked, err := s.locked(ctx)
	if err != nil {
		return err
	}
	if !locked {
		return errUnlocked
	}
	r, err := s.replicaStatus(ctx)
	if err == nil && r.Optimes.Applied != at {
		err = errWritten
	}
	return err
}

func gone(err error) error {
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrFence, err),
		What:   "fsyncLock does not hold: " + err.Error(),
		Remedy: "what was captured since cannot count as clean: checkpoint again",
	}
}

// fenceError keeps what has a class of its own.
func fenceError(err error) error {
	for _, class := range []error{quiesce.ErrFence, quiesce.ErrBusy, quiesce.ErrPrivilege, quiesce.ErrUnsupported} {
		if errors.Is(err, class) {
			return err
		}
	}
	return &quiesce.Refusal{Class: refusal.Caused(quiesce.ErrFence, err), What: "writers could not be locked out: " + err.Error(),
		Remedy: "raise lull/pause-budget, or use lull/mode=flush"}
}
