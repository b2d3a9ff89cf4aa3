package mongodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
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
	for {
		var answer struct {
			Running []struct {
				ID      any `bson:"opid"`
				Command struct {
					Comment any `bson:"comment"`
				} `bson:"command"`
			} `bson:"inprog"`
		}
		err := s.admin(ctx, "looking for its lock command", bson.D{{Key: "currentOp", Value: 1}, {Key: "command.comment", Value: mark}}, &answer)
		if err != nil {
			return err
		}
		waiting := 0
		for _, op := range answer.Running {
			if op.Command.Comment != mark {
				continue
			}
			waiting++
			if err := s.admin(ctx, "ending its lock command", bson.D{{Key: "killOp", Value: 1}, {Key: "op", Value: op.ID}}, nil); err != nil {
				return err
			}
		}
		if waiting == 0 {
			return nil
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return errors.Join(fmt.Errorf("the lock command of lull's is still waiting"), err)
		}
	}
}
