package mongodb

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// counted is the answer to fsyncLock and fsyncUnlock.
type counted struct {
	Count int64 `bson:"lockCount"`
}

// lock sends one fsyncLock and gives the server's count with it. The answer is
// waited for whatever becomes of ctx.
func (f *fence) lock(ctx context.Context, mark string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTime+answerTime)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.maybe = true
	var answer counted
	err := f.s.admin(ctx, "the fence", bson.D{
		{Key: "fsync", Value: 1}, {Key: "lock", Value: true},
		{Key: "fsyncLockAcquisitionTimeoutMillis", Value: attemptTime.Milliseconds()}, {Key: "comment", Value: mark},
	}, &answer)
	if err != nil {
		f.maybe = codeOf(err) == 0 // a server that answers has not locked
		return 0, err
	}
	f.maybe, f.taken = false, true
	return answer.Count, nil
}

// lower unlocks what the session has locked, also when ctx has ended.
func (f *fence) lower(ctx context.Context) error { return f.lowerBecause(ctx, errReleased) }

func (f *fence) lowerBecause(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end != nil {
		f.end.Stop()
	}
	switch {
	case f.taken:
		f.taken, f.why = false, why
		if err := f.s.unlockOnce(ctx); err != nil {
			f.maybe = true
			return err
		}
	case f.maybe:
		if err := f.s.unlockMarked(ctx, f.mark); err != nil {
			return err
		}
		f.maybe, f.why = false, why
	}
	return nil
}

// unlockOnce takes one lock away, if there is one at all.
func (s *session) unlockOnce(ctx context.Context) error {
	locked, err := s.locked(ctx)
	if err != nil || !locked {
		return err
	}
	err = s.admin(ctx, "unlocking writers", one("fsyncUnlock"), nil)
	if err == nil {
		return nil
	}
	if still, asked := s.locked(ctx); asked == nil && !still {
		return nil // somebody was faster
	}
	return err
}

// unlockMarked ends a lock command that may still wait, and then unlocks once:
// whoever sent it is gone, and nobody heard the answer.
func (s *session) unlockMarked(ctx context.Context, mark string) error {
	if err := s.endAttempts(ctx, mark); err != nil {
		return err
	}
	return s.unlockOnce(ctx)
}

// endAttempts kills lock commands by their mark, and sees them gone.
func (s *session) endAttempts(ctx context.Context, mark string) error {
	err := wait.Until(ctx, func() (bool, error) {
		waiting, err := s.attempts(ctx, mark)
		for _, id := range waiting {
			if err := s.admin(ctx, "ending its lock command", bson.D{{Key: "killOp", Value: 1}, {Key: "op", Value: id}}, nil); err != nil {
				return false, err
			}
		}
		return len(waiting) == 0, err
	})
	if wait.Spent(err) {
		err = errors.Join(errors.New("the lock command of lull's is still waiting"), err)
	}
	return err
}

// attempts are the operations that are lock commands with the mark.
func (s *session) attempts(ctx context.Context, mark string) (ids []any, err error) {
	var answer struct {
		Running []struct {
			ID      any `bson:"opid"`
			Command struct {
				Comment any `bson:"comment"`
			} `bson:"command"`
		} `bson:"inprog"`
	}
	err = s.admin(ctx, "looking for its lock command", bson.D{{Key: "currentOp", Value: 1}, {Key: "command.comment", Value: mark}}, &answer)
	for _, op := range answer.Running {
		if op.Command.Comment == mark {
			ids = append(ids, op.ID)
		}
	}
	return ids, err
}
