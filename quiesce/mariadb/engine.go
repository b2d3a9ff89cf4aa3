package mariadb

import (
	"context"
	"errors"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/mysqlproto"
)

// engine is MariaDB's way.
type engine struct{}

var _ mysqlproto.Engine = engine{}

func (engine) Name() string    { return quiesce.MariaDB }
func (engine) Product() string { return "MariaDB" }
func (engine) Oldest() int     { return 100500 }
func (engine) Untested() int   { return 120000 }

func (engine) Privileges() []string {
	return []string{"SELECT", "LOCK TABLES", "RELOAD", "PROCESS", "BINLOG MONITOR", "SLAVE MONITOR", "CONNECTION ADMIN", "SUPER"}
}

// Busy begins a backup without waiting, which fails beside somebody's FLUSH
// TABLES WITH READ LOCK or BACKUP STAGE, and ends it: nothing else tells of
// them.
func (engine) Busy(ctx context.Context, s *mysqlproto.Session) error {
	if err := s.Exec(ctx, "looking for locks", "SET SESSION lock_wait_timeout = 0"); err != nil {
		return err
	}
	began := s.Exec(ctx, "looking for locks", "BACKUP STAGE START")
	var ended error
	if began == nil {
		ended = s.Exec(ctx, "looking for locks", "BACKUP STAGE END")
	}
	if err := errors.Join(ended, s.Exec(ctx, "looking for locks", "SET SESSION lock_wait_timeout = 1")); err != nil {
		return err
	}
	if !mysqlproto.LockTimeout(began) {
		return began
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrBusy,
		What:   "somebody has locked the server with FLUSH TABLES WITH READ LOCK or BACKUP STAGE",
		Remedy: "let it end; SHOW PROCESSLIST shows who is connected",
	}
}

func (engine) Writers(context.Context, *mysqlproto.Session) (mysqlproto.Query, error) {
	return mysqlproto.Query{SQL: mysqlproto.InnoDBWriters, Cached: true}, nil
}

const checkpointNow = "innodb_log_checkpoint_now"

// Changes are none where a checkpoint can be ordered.
func (engine) Changes(ctx context.Context, s *mysqlproto.Session) ([]mysqlproto.Change, error) {
	v, err := s.Variables(ctx, checkpointNow)
	if err != nil || v[checkpointNow] != "" {
		return nil, err
	}
	return s.HurryChanges(ctx)
}

// Checkpoint is ordered by a variable that is none: it stays OFF.
func (engine) Checkpoint(ctx context.Context, s *mysqlproto.Session) (bool, error) {
	v, err := s.Variables(ctx, checkpointNow)
	if err != nil || v[checkpointNow] == "" {
		return false, err
	}
	return true, s.Exec(ctx, "making a checkpoint", "SET GLOBAL "+checkpointNow+" = ON")
}

// lag is what the log grows by when it is checkpointed and nobody writes.
const lag = 512

func (engine) Log(ctx context.Context, s *mysqlproto.Session) (mysqlproto.Log, error) {
	const current, checkpoint = "Innodb_lsn_current", "Innodb_lsn_last_checkpoint"
	status, err := s.Status(ctx, current, checkpoint)
	return mysqlproto.Log{Current: mysqlproto.Uint(status[current]), Checkpoint: mysqlproto.Uint(status[checkpoint]), Lag: lag}, err
}

func (engine) NoWait() string { return " NOWAIT" }

func (engine) Guard() (hold, letGo []string) {
	return []string{"BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_DDL"}, []string{"BACKUP STAGE END"}
}
