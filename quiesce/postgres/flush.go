package postgres

import (
	"context"

	"github.com/lull-containers/lull/quiesce"
)

// Flush runs a CHECKPOINT and sees in the control file that it happened. A
// standby makes a restartpoint, which is none when its primary has made no
// checkpoint since the last: there, only the command's success is proof.
func (s *session) Flush(ctx context.Context) error {
	before, err := s.checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := s.exec(ctx, "flushing with CHECKPOINT", "CHECKPOINT"); err != nil {
		return err
	}
	after, err := s.checkpoint(ctx)
	if err != nil || s.standby || after > before {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   "CHECKPOINT succeeded, but the control file still has the checkpoint at " + before.String(),
		Remedy: "see PostgreSQL's log",
	}
}

// checkpoint is where the last checkpoint in the control file is.
func (s *session) checkpoint(ctx context.Context) (lsn, error) {
	text, err := ask[string](ctx, s, "reading the control file", `SELECT checkpoint_lsn::text FROM pg_control_checkpoint()`)
	if err != nil {
		return 0, err
	}
	return parseLSN(text)
}
