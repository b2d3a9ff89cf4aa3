package mysql

import (
	"context"
	"fmt"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/mysqlproto"
)

// engine is MySQL's way.
type engine struct{}

var _ mysqlproto.Engine = engine{}

func (engine) Name() string    { return quiesce.MySQL }
func (engine) Product() string { return "MySQL" }
func (engine) Oldest() int     { return 80000 }
func (engine) Untested() int   { return 100000 }

func (engine) Privileges() []string {
	return []string{
		"SELECT", "LOCK TABLES", "RELOAD", "PROCESS", "REPLICATION CLIENT",
		"BACKUP_ADMIN", "CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN", "XA_RECOVER_ADMIN",
	}
}

// Limit bounds SELECTs.
func (engine) Limit(d time.Duration) string {
	if d <= 0 {
		return "SET SESSION max_execution_time = DEFAULT"
	}
	return fmt.Sprintf("SET SESSION max_execution_time = %d", max(1, d.Milliseconds()))
}

// Busy looks for somebody's FLUSH TABLES WITH READ LOCK or LOCK INSTANCE FOR
// BACKUP, had or waited for. A short statement holds the same locks, but not
// explicitly.
func (engine) Busy(ctx context.Context, s *mysqlproto.Session) error {
	row, err := s.Row(ctx, "asking for locks", `SELECT t.PROCESSLIST_ID AS id, t.PROCESSLIST_USER AS user, m.OBJECT_TYPE AS type
		FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
		WHERE t.PROCESSLIST_ID <> CONNECTION_ID() AND m.LOCK_DURATION = 'EXPLICIT'
		AND (m.OBJECT_TYPE = 'GLOBAL' AND m.LOCK_TYPE = 'SHARED' OR m.OBJECT_TYPE = 'BACKUP LOCK' AND m.LOCK_TYPE = 'SHARED') LIMIT 1`)
	if err != nil || len(row) == 0 {
		return err
	}
	what := "LOCK INSTANCE FOR BACKUP"
	if row["type"] == "GLOBAL" {
		what = "FLUSH TABLES WITH READ LOCK"
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrBusy,
		What:   fmt.Sprintf("connection %s of %s has locked the server with %s", row["id"], row["user"], what),
		Remedy: "let it end, or end it with KILL " + row["id"],
	}
}

// writers are the sessions whose transaction may write to a table: they hold
// its metadata lock until they end, whether they have changed a row or not.
const writers = `SELECT t.PROCESSLIST_ID AS id, MAX(COALESCE(x.EVENT_ID, 0)) AS trx,
	MAX(IF(t.NAME LIKE 'thread/sql/replica%' OR t.NAME LIKE 'thread/sql/slave%', '` + mysqlproto.Applier + `', t.PROCESSLIST_USER)) AS who,
	MAX(COALESCE(x.TIMER_WAIT, 0) DIV 1000000000000) AS age
	FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
	LEFT JOIN performance_schema.events_transactions_current x ON x.THREAD_ID = m.OWNER_THREAD_ID AND x.STATE = 'ACTIVE'
	WHERE m.OBJECT_TYPE = 'TABLE' AND m.LOCK_STATUS = 'GRANTED' AND m.LOCK_DURATION = 'TRANSACTION'
	AND m.LOCK_TYPE IN ('SHARED_WRITE', 'SHARED_WRITE_LOW_PRIO') AND t.PROCESSLIST_ID <> CONNECTION_ID()
	GROUP BY t.PROCESSLIST_ID ORDER BY age DESC, id`

// Writers prefers metadata locks, which are never told from a copy. Without
// performance_schema, or without its instrument, InnoDB is asked.
func (engine) Writers(ctx context.Context, s *mysqlproto.Session) (mysqlproto.Query, error) {
	row, err := s.Row(ctx, "asking for performance_schema", `SELECT COUNT(*) AS n FROM performance_schema.setup_instruments
		WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES' AND @@performance_schema = 1`)
	if row["n"] == "1" {
		return mysqlproto.Query{SQL: writers}, err
	}
	return mysqlproto.Query{SQL: mysqlproto.InnoDBWriters, Cached: true}, err
}

func (engine) Changes(ctx context.Context, s *mysqlproto.Session) ([]mysqlproto.Change, error) {
	return s.HurryChanges(ctx)
}

// Checkpoint cannot be ordered.
func (engine) Checkpoint(context.Context, *mysqlproto.Session) (string, error) { return "", nil }

// lag: InnoDB keeps its checkpoint 2 MiB behind the oldest dirty page, because
// pages are not put in order exactly, and looks once a second.
const lag = 4 << 20

// Log is in status variables since 8.0.30, else in log_status, which stops the
// logs for a moment.
func (engine) Log(ctx context.Context, s *mysqlproto.Session) (mysqlproto.Log, error) {
	const current, checkpoint = "Innodb_redo_log_current_lsn", "Innodb_redo_log_checkpoint_lsn"
	status, err := s.Status(ctx, current, checkpoint, mysqlproto.DirtyPages)
	if err != nil {
		return mysqlproto.Log{}, err
	}
	l := mysqlproto.Log{Current: mysqlproto.Uint(status[current]), Checkpoint: mysqlproto.Uint(status[checkpoint]), Lag: lag,
		Clean: status[mysqlproto.DirtyPages] == "0"}
	if status[current] != "" {
		return l, nil
	}
	logs, err := logStatus(ctx, s)
	l.Current, l.Checkpoint = logs.engines.InnoDB.LSN, logs.engines.InnoDB.Checkpoint
	return l, err
}

func (engine) NoWait() string { return "" }

// Busiest are no more than a few, because each costs a connection.
func (engine) Busiest(ctx context.Context, s *mysqlproto.Session) (list [][2]string, err error) {
	all, err := s.Rows(ctx, "asking for the busiest tables", `SELECT OBJECT_SCHEMA AS s, OBJECT_NAME AS t
		FROM performance_schema.table_io_waits_summary_by_table
		WHERE COUNT_WRITE > 0 AND OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema', 'sys') ORDER BY COUNT_WRITE DESC LIMIT 12`)
	for _, r := range all {
		list = append(list, [2]string{r["s"], r["t"]})
	}
	return list, err
}

func (engine) Guard() (hold, letGo []string) {
	return []string{"LOCK INSTANCE FOR BACKUP"}, []string{"UNLOCK INSTANCE"}
}
