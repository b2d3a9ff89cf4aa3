package mysqlproto

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/refusal"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// short is how much redo a cold start may have to apply after a flush under
// the fence, when all before it was flushed already: less than a second's work,
// and not worth a longer wait of those whom the fence holds back.
const short = 1 << 20

// DirtyPages is the status variable of pages that are newer than their file.
const DirtyPages = "Innodb_buffer_pool_pages_dirty"

// Flush has InnoDB write its dirty pages until a cold start needs next to
// nothing of the redo log of before the call, and sees in the log's own
// positions that it is so. The binary log is not rotated: a frozen server's
// files are captured as they are. Nor is anything written to it: FLUSH alone
// would take a GTID, and be an errant transaction of a replica's. It ends a
// little before ctx does, so that what it set is put back in time.
func (s *Session) Flush(ctx context.Context) error {
	within, cancel := flushTime(ctx)
	defer cancel()
	err := s.flush(within)
	if err == nil || within.Err() == nil || errors.Is(err, quiesce.ErrBusy) {
		return err
	}
	return outOfTime(err)
}

// flushTime is nine tenths of the time that there is.
func flushTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/10*9)
}

func (s *Session) flush(ctx context.Context) error {
	if err := s.interruptible(ctx, "flushing the logs", "FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS"); err != nil {
		return err
	}
	goal, err := s.engine.Log(ctx, s)
	if err != nil {
		return err
	}
	if goal.reaches(goal.Current) || s.Fenced() && goal.Current-goal.Checkpoint <= short {
		return nil
	}
	order, err := s.engine.Checkpoint(ctx, s)
	if err != nil || order == "" && goal.Clean {
		return err
	}
	done := func() (bool, error) {
		now, err := s.engine.Log(ctx, s)
		return now.Clean || now.reaches(goal.Current), err
	}
	if order == "" {
		return s.hurried(ctx, func() error { return s.awaitFlush(ctx, done) })
	}
	if err := s.interruptible(ctx, "making a checkpoint", order); err != nil {
		return err
	}
	return s.awaitFlush(ctx, done)
}

func (s *Session) awaitFlush(ctx context.Context, done func() (bool, error)) error {
	err := wait.Until(ctx, done)
	if !wait.Spent(err) {
		return err
	}
	return outOfTime(err)
}

func outOfTime(err error) error {
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrBusy, err),
		What:   "the dirty pages were not written in time",
		Remedy: "raise lull/pause-budget, innodb_io_capacity, or lower innodb_max_dirty_pages_pct",
	}
}

// interruptible runs a statement that may take long on the main connection.
// When ctx ends the server is told to end it, so that it does not go on after
// us, and the connection is given up if it does not.
func (s *Session) interruptible(ctx context.Context, doing, statement string) error {
	c, err := s.conn(ctx)
	if err != nil {
		return err
	}
	held, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); err = c.exec(held, statement) }()
	select {
	case <-ended:
		return s.explain(err, doing)
	case <-ctx.Done():
	}
	killed := s.kill(context.WithoutCancel(ctx), c.id)
	select {
	case <-ended:
	case <-time.After(letGoTime):
		cancel()
		<-ended
	}
	return errors.Join(refusal.OutOfTime(ctx, doing, ctx.Err()), killed)
}

// kill ends the statement that a connection of ours runs.
func (s *Session) kill(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, letGoTime)
	defer cancel()
	other, err := s.open(ctx, letGoTime)
	if err != nil {
		return err
	}
	defer other.close()
	return s.explain(other.exec(ctx, "KILL QUERY "+id), "giving up a statement")
}

// hurried runs f while the server flushes as fast as it can, and puts its
// settings back.
func (s *Session) hurried(ctx context.Context, f func() error) (err error) {
	held, err := s.plan(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putBackTime)
		defer cancel()
		if back := s.Release(ctx, held); err == nil {
			err = back
		}
	}()
	for _, h := range held {
		if err := s.set(ctx, h.Setting, h.Ours); err != nil {
			return err
		}
	}
	return f()
}

// putBackTime bounds the return to the former settings.
const putBackTime = 5 * time.Second

// Uint reads one of the server's numbers; what is none is 0.
func Uint(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}
