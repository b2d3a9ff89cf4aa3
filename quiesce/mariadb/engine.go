package mariadb

import (
	"context"
	"fmt"
	"time"

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

// Limit bounds every statement, in seconds.
func (engine) Limit(d time.Duration) string {
	if d <= 0 {
		return "SET SESSION max_statement_time = DEFAULT"
	}
	return fmt.Sprintf("SET SESSION max_statement_time = %.3f", d.Seconds())
}

// probes fail, without waiting, beside somebody's FLUSH TABLES WITH READ LOCK
// and beside somebody's backup, of which nothing else tells. They change
// nothing: the first one finds no row.
func probes() []string {
	return []string{
		"SELECT 1 FROM mysql.innodb_table_stats WHERE database_name = '' AND table_name = '' FOR UPDATE",
		"BACKUP STAGE START",
		"BACKUP STAGE END",
	}
}

// Busy looks for somebody's lock.
func (engine) Busy(ctx context.Context, s *mysqlproto.Session) error {
	const doing = "looking for locks"
	if err := s.Exec(ctx, doing, "SET SESSION lock_wait_timeout = 0"); err != nil {
		return err
	}
	var found error
	for _, probe := range probes() {
		found = s.Exec(ctx, doing, probe)
		if mysqlproto.ReadOnly(found) { // somebody's lock would have been told before
			found = nil
		}
		if found != nil {
			break
		}
	}
	if err := s.Exec(ctx, doing, "SET SESSION lock_wait_timeout = 1"); err != nil {
		return err
	}
	if !mysqlproto.LockTimeout(found) {
		return found
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
func (engine) Checkpoint(ctx context.Context, s *mysqlproto.Session) (string, error) {
	v, err := s.Variables(ctx, checkpointNow)
	if err != nil || v[checkpointNow] == "" {
		return "", err
	}
	return "SET GLOBAL " + checkpointNow + " = ON", nil
}

// lag is what the log grows by when it is checkpointed and nobody writes.
const lag = 512

func (engine) Log(ctx context.Context, s *mysqlproto.Session) (mysqlproto.Log, error) {
	const current, checkpoint = "Innodb_lsn_current", "Innodb_lsn_last_checkpoint"
	status, err := s.Status(ctx, current, checkpoint, mysqlproto.DirtyPages)
	return mysqlproto.Log{Current: mysqlproto.Uint(status[current]), Checkpoint: mysqlproto.Uint(status[checkpoint]), Lag: lag,
		Clean: status[mysqlproto.DirtyPages] == "0"}, err
}

func (engine) NoWait() string { return " NOWAIT" }

// Busiest are those written to last: nothing counts writes by default.
func (engine) Busiest(ctx context.Context, s *mysqlproto.Session) (list [][2]string, err error) {
	all, err := s.Rows(ctx, "asking for the busiest tables", `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
		WHERE TABLE_TYPE = 'BASE TABLE' AND UPDATE_TIME IS NOT NULL
		AND TABLE_SCHEMA NOT IN ('mysql', 'performance_schema', 'sys') ORDER BY UPDATE_TIME DESC LIMIT 12`)
	for _, r := range all {
		list = append(list, [2]string{r["s"], r["t"]})
	}
	return list, err
}

func (engine) Guard() (hold, letGo []string) {
	return []string{"BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_DDL"}, []string{"BACKUP STAGE END"}
}
