package mysqlproto

import (
	"context"
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

// Flush has InnoDB write its dirty pages until a cold start needs next to
// nothing of the redo log of before the call, and sees in the log's own
// positions that it is so. The binary log is not rotated: a frozen server's
// files are captured as they are. Nor is anything written to it: FLUSH alone
// would take a GTID, and be an errant transaction of a replica's.
func (s *Session) Flush(ctx context.Context) error {
	if err := s.Exec(ctx, "flushing the logs", "FLUSH NO_WRITE_TO_BINLOG ENGINE LOGS"); err != nil {
		return err
	}
	goal, err := s.engine.Log(ctx, s)
	if err != nil {
		return err
	}
	if s.Fenced() && goal.Current-goal.Checkpoint <= max(short, goal.Lag) {
		return nil
	}
	ordered, err := s.engine.Checkpoint(ctx, s)
	if err != nil {
		return err
	}
	done := func() (bool, error) { return s.flushed(ctx, goal.Current) }
	if now, err := done(); now || err != nil {
		return err
	}
	if ordered {
		return s.awaitFlush(ctx, done)
	}
	return s.hurried(ctx, func() error { return s.awaitFlush(ctx, done) })
}

// flushed is true when no page is dirty, or none has been since before goal,
// as far as the checkpoint tells.
func (s *Session) flushed(ctx context.Context, goal uint64) (bool, error) {
	status, err := s.Status(ctx, "Innodb_buffer_pool_pages_dirty")
	if err != nil || status["Innodb_buffer_pool_pages_dirty"] == "0" {
		return err == nil, err
	}
	now, err := s.engine.Log(ctx, s)
	return now.Checkpoint+now.Lag >= goal, err
}

func (s *Session) awaitFlush(ctx context.Context, done func() (bool, error)) error {
	err := wait.Until(ctx, done)
	if !wait.Spent(err) {
		return err
	}
	return &quiesce.Refusal{
		Class:  refusal.Caused(quiesce.ErrBusy, err),
		What:   "the dirty pages were not written in time",
		Remedy: "raise lull/pause-budget, innodb_io_capacity, or lower innodb_max_dirty_pages_pct",
	}
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
