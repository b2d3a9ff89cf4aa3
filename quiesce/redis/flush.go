package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// Flush brings what a cold start loads up to date: the append-only file, or
// else a snapshot where save points are set. It makes no file that the server
// would not make itself. It waits for forks and is bounded by ctx. Where it is
// unknown what a cold start loads, that is ErrPrivilege.
func (s *session) Flush(ctx context.Context) error {
	facts, err := s.look(ctx)
	if err != nil {
		return err
	}
	c, err := s.configured(ctx)
	if err != nil {
		return err
	}
	switch c.cold(facts) {
	case coldAOF:
		err = s.flushAOF(ctx)
	case coldRDB:
		err = s.save(ctx)
	case coldUnknown:
		err = s.unknown()
	}
	if err != nil {
		return err
	}
	return s.awaitChild(ctx)
}

// flushAOF waits until everything that was in the server's buffer when it
// began is written to the file, and no write to the disk is under way. WAITAOF
// would tell of our own writes only, and there are none.
func (s *session) flushAOF(ctx context.Context) error {
	goal := int64(-1)
	err := s.poll(ctx, func(facts info) (bool, error) {
		if err := s.checkWritten(facts); err != nil {
			return false, err
		}
		written, buffered := facts.number("aof_current_size"), facts.number("aof_buffer_length")
		switch {
		case facts.child() != "": // a rewrite gives the file another size
			goal = -1
			return false, nil
		case goal < 0:
			goal = written + buffered
		}
		done := buffered == 0 || written >= goal
		return done && facts.number("aof_pending_bio_fsync") == 0, nil
	})
	if wait.Spent(err) {
		return fmt.Errorf("%s does not get its append-only file written in time; raise lull/pause-budget or see its log: %w", s.name(), err)
	}
	return err
}

// save makes a snapshot in the background and sees that it was made. The one
// that this session has made already counts as long as nothing was written.
func (s *session) save(ctx context.Context) error {
	if err := s.awaitChild(ctx); err != nil {
		return err
	}
	before, err := s.look(ctx)
	if err != nil || s.saved && before.number("rdb_changes_since_last_save") == 0 {
		return err
	}
	if err := s.checkTime(ctx, before); err != nil {
		return err
	}
	began := time.Now().Unix()
	if _, err := s.do(ctx, "saving in the background", "BGSAVE"); err != nil {
		return err
	}
	after, err := s.awaitSave(ctx, began)
	if err != nil {
		return err
	}
	s.savedOurselves(before, after)
	s.saved = true
	return nil
}

// checkTime begins nothing that the last time took longer than there is now:
// the fork would be in the image.
func (s *session) checkTime(ctx context.Context, facts info) error {
	deadline, bounded := ctx.Deadline()
	took := time.Duration(max(0, facts.number("rdb_last_bgsave_time_sec"))) * time.Second
	if !bounded || took < time.Until(deadline) {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrBusy,
		What:   fmt.Sprintf("the last snapshot of %s took %s, and only %s are left", s.name(), took, time.Until(deadline).Round(time.Millisecond)),
		Remedy: "raise lull/pause-budget, or switch the append-only file on",
	}
}

// awaitSave waits for the end of a snapshot that began at a time of the clock.
func (s *session) awaitSave(ctx context.Context, began int64) (after info, err error) {
	err = s.poll(ctx, func(facts info) (bool, error) {
		after = facts
		return facts["rdb_bgsave_in_progress"] == "0", nil
	})
	switch {
	case wait.Spent(err):
		return nil, fmt.Errorf("the snapshot of %s is not ready in time; raise lull/pause-budget: %w", s.name(), err)
	case err != nil:
		return nil, err
	case after["rdb_last_bgsave_status"] == "ok" && after.number(keySaved) >= began:
		return after, nil
	}
	return nil, &quiesce.Refusal{
		Class: quiesce.ErrUnsupported,
		What: fmt.Sprintf("%s did not make its snapshot: rdb_last_bgsave_status is %s, rdb_last_save_time %s",
			s.name(), after["rdb_last_bgsave_status"], after["rdb_last_save_time"]),
		Remedy: "see its log; it is often a full disk, or memory for the fork",
	}
}
