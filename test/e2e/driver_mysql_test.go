package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// mysqlEngine is MySQL or MariaDB.
type mysqlEngine struct {
	product, version string
	by               quiesce.Driver
}

func (e mysqlEngine) driver() quiesce.Driver { return e.by }
func (e mysqlEngine) image() string          { return e.product + ":" + e.version }
func (mysqlEngine) data() string             { return "/var/lib/mysql" }
func (mysqlEngine) password() string         { return "MYSQL_ROOT_PASSWORD" }
func (mysqlEngine) stop() string             { return "SIGTERM" }

func (e mysqlEngine) args(port uint16) []string {
	args := []string{
		"docker-entrypoint.sh", map[string]string{"mysql": "mysqld", "mariadb": "mariadbd"}[e.product],
		fmt.Sprintf("--port=%d", port), "--innodb-buffer-pool-size=32M", "--max-connections=40",
	}
	if e.product == "mysql" {
		args = append(args, "--mysqlx=OFF")
	}
	return append(args, logging()[e.product]...)
}

// logging makes a server count what it writes to its binary log.
func logging() map[string][]string {
	return map[string][]string{
		"mysql":   {"--gtid-mode=ON", "--enforce-gtid-consistency=ON"},
		"mariadb": {"--log-bin=binlog", "--server-id=1"},
	}
}

// starting is a server that is still busy with what it does before it serves.
func (e mysqlEngine) starting(t *testing.T, volume string, port uint16) []string {
	must(t, os.WriteFile(filepath.Join(volume, "first.sql"), []byte("DO SLEEP(3600);\n"), 0o644))
	return append(e.args(port), "--init-file=/var/lib/mysql/first.sql")
}

// isStarting is true when the kernel accepts and the server says nothing.
func (mysqlEngine) isStarting(_ context.Context, port uint16) bool {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	_, err = conn.Read(make([]byte, 1))
	return os.IsTimeout(err)
}

func (e mysqlEngine) ready(ctx context.Context, port uint16) error {
	c, err := e.connect(ctx, port, "")
	if err != nil {
		return err
	}
	defer c.close()
	for _, statement := range []string{
		`CREATE DATABASE counted`,
		`CREATE TABLE counted.counted (n int AUTO_INCREMENT PRIMARY KEY, filling varchar(2000)) ENGINE=InnoDB`,
		`CREATE TABLE counted.another (n int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB`,
		`CREATE USER application@'%' IDENTIFIED BY '` + harness.Canary + `'`,
		`GRANT ALL ON counted.* TO application@'%'`,
		`CREATE USER harness@'%' IDENTIFIED BY '` + harness.Canary + `'`,
		`GRANT ALL ON *.* TO harness@'%'`,
	} {
		if err := c.exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (mysqlEngine) connect(ctx context.Context, port uint16, who string) (speaker, error) {
	if who == "" {
		who = "root"
	}
	c, err := ledger.MySQL{
		Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), User: who, Password: harness.Canary,
	}.Connect(ctx)
	return mysqlSpeaker{c}, err
}

// queries know lull by its account.
func (e mysqlEngine) queries() queries {
	q := queries{
		write:   `INSERT INTO counted.counted (filling) VALUES (REPEAT('x', 2000))`,
		count:   `SELECT n FROM counted.counted`,
		waiting: `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'application' AND STATE LIKE 'Waiting for%lock'`,
		residue: `SELECT CONCAT_WS(' ', ID, COMMAND, STATE) FROM information_schema.PROCESSLIST WHERE USER = 'root'`,
	}
	variables, status := "performance_schema.global_variables", "performance_schema.global_status"
	if e.product == "mariadb" {
		variables, status = "information_schema.GLOBAL_VARIABLES", "information_schema.GLOBAL_STATUS"
	}
	q.settings = `SELECT CONCAT(VARIABLE_NAME, '=', COALESCE(VARIABLE_VALUE, '')) FROM ` + variables +
		` WHERE LOWER(VARIABLE_NAME) NOT LIKE 'gtid%' AND LOWER(VARIABLE_NAME) NOT LIKE '%_pos' ORDER BY 1`
	q.flushed = `SELECT VARIABLE_VALUE FROM ` + status + ` WHERE LOWER(VARIABLE_NAME) IN
		('innodb_lsn_last_checkpoint', 'innodb_buffer_pool_pages_flushed') ORDER BY VARIABLE_NAME`
	if e.product == "mysql" { // which finds little to write, and flushes its logs then
		q.flushed = `SELECT CONCAT(SUM(COUNT_STAR)) FROM performance_schema.events_statements_summary_global_by_event_name WHERE EVENT_NAME = 'statement/sql/flush'`
	}
	return q
}

func (e mysqlEngine) run(t *testing.T, d *harness.Daemon, annotations map[string]string) database {
	t.Helper()
	my := d.MySQL(t, harness.MySQLOptions{Engine: e.product, Version: e.version, ContainerOptions: harness.ContainerOptions{Annotations: annotations}})
	return database{my.Container, my.Store(), my.WaitAnswer}
}

type mysqlSpeaker struct{ *ledger.MySQLConn }

func (c mysqlSpeaker) close() { c.Close() }

func (c mysqlSpeaker) exec(ctx context.Context, statement string) error {
	_, err := c.ExecContext(ctx, statement)
	return err
}

func (c mysqlSpeaker) texts(ctx context.Context, query string) (all []string, err error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s sql.NullString
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s.String)
	}
	return all, rows.Err()
}
