package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/quiesce"
)

// Preflight refuses a server that cannot be checkpointed as it is: in an
// exclusive backup (ErrBusy), with I/O that CRIU cannot dump (ErrUnsupported),
// or an account that may not do what is needed (ErrPrivilege).
func (s *session) Preflight(ctx context.Context) (quiesce.Report, error) {
	for _, check := range []func(context.Context) error{s.checkIO, s.checkBackup, s.checkRights} {
		if err := check(ctx); err != nil {
			return quiesce.Report{}, err
		}
	}
	warnings, err := s.warnings(ctx)
	return quiesce.Report{Version: s.version, Role: s.role(), Warnings: warnings}, err
}

func (s *session) role() string {
	if s.standby {
		return "standby"
	}
	return "primary"
}

func (s *session) checkIO(ctx context.Context) error {
	method, err := ask[*string](ctx, s, "asking for io_method", `SELECT current_setting('io_method', true)`)
	if err != nil {
		return err
	}
	if method == nil || *method != "io_uring" {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrUnsupported,
		What:   "PostgreSQL runs with io_method=io_uring, which CRIU cannot dump",
		Remedy: "set io_method=worker and restart it",
	}
}

func (s *session) checkBackup(ctx context.Context) error {
	if s.number >= 150000 {
		return nil // exclusive backups are gone
	}
	busy, err := ask[bool](ctx, s, "asking for backups", `SELECT pg_is_in_backup()`)
	if err != nil || !busy {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrBusy,
		What:   "an exclusive backup is running in PostgreSQL",
		Remedy: "let it end, or end it with SELECT pg_stop_backup()",
	}
}

// checkRights wants CHECKPOINT, and sight of other sessions' transactions.
func (s *session) checkRights(ctx context.Context) error {
	if s.superuser {
		return nil
	}
	user := pgx.Identifier{s.login.user}.Sanitize()
	if s.number < 150000 {
		return &quiesce.Refusal{
			Class:  quiesce.ErrPrivilege,
			What:   fmt.Sprintf("the user %s may not CHECKPOINT: before PostgreSQL 15 only superusers may", user),
			Remedy: "ALTER ROLE " + user + " SUPERUSER, or name a superuser with the label lull/user",
		}
	}
	may, err := ask[bool](ctx, s, "asking for privileges",
		`SELECT pg_has_role('pg_checkpoint', 'USAGE') AND pg_has_role('pg_monitor', 'USAGE')`)
	if err != nil || may {
		return err
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrPrivilege,
		What:   fmt.Sprintf("the user %s may not CHECKPOINT or see other sessions", user),
		Remedy: "GRANT pg_checkpoint, pg_monitor TO " + user,
	}
}

type warning struct {
	When bool
	Text string
}

// warnings is what works, and what people should know of it.
func (s *session) warnings(ctx context.Context) ([]string, error) {
	told, err := list[warning](ctx, s, "asking for settings", `
		SELECT current_setting('fsync') = 'off', 'fsync=off: a cold start after a power cut may find torn files'
		UNION ALL SELECT current_setting('full_page_writes') = 'off', 'full_page_writes=off: a cold start may find torn pages'
		UNION ALL SELECT current_setting('synchronous_commit') = 'off',
			'synchronous_commit=off: a cold start may lack the last acknowledged commits'
		UNION ALL SELECT EXISTS (SELECT FROM pg_stat_progress_basebackup),
			'a base backup is streaming: its connection does not outlive a restore'`)
	if err != nil {
		return nil, err
	}
	told = append(told,
		warning{s.standby, "a standby: its flush is a restartpoint, and it cannot be fenced"},
		warning{s.number >= untested, "PostgreSQL " + strconv.Itoa(s.number/10000) + " is newer than what lull was tested with"})
	var list []string
	for _, w := range told {
		if w.When {
			list = append(list, w.Text)
		}
	}
	return list, nil
}
