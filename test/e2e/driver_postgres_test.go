package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/postgres"
	"github.com/lull-containers/lull/test/e2e/harness"
)

type postgresEngine struct{ version string }

func (postgresEngine) driver() quiesce.Driver { return postgres.Driver{} }
func (e postgresEngine) image() string        { return "postgres:" + e.version }
func (postgresEngine) data() string           { return "/var/lib/postgresql/data" }
func (postgresEngine) password() string       { return "POSTGRES_PASSWORD" }
func (postgresEngine) stop() string           { return "SIGINT" }

func (postgresEngine) args(port uint16) []string {
	return []string{
		"docker-entrypoint.sh", "postgres", "-p", fmt.Sprint(port), "-c", "shared_buffers=16MB", "-c", "max_connections=30",
		"-c", "max_prepared_transactions=4", "-c", "autovacuum=off",
	}
}

// env asks for the password on loopback too, which the image trusts.
func (postgresEngine) env() map[string]string {
	return map[string]string{"POSTGRES_INITDB_ARGS": "--auth-host=md5"}
}

// starting is a standby that accepts nobody.
func (e postgresEngine) starting(t *testing.T, volume string, port uint16) []string {
	must(t, os.WriteFile(filepath.Join(volume, "standby.signal"), nil, 0o644))
	return append(e.args(port), "-c", "hot_standby=off")
}

func (e postgresEngine) isStarting(ctx context.Context, port uint16) bool {
	_, err := e.connect(ctx, port, observer)
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "57P03"
}

func (e postgresEngine) ready(ctx context.Context, port uint16) error {
	c, err := e.connect(ctx, port, observer)
	if err != nil {
		return err
	}
	defer c.close()
	return c.exec(ctx, "CREATE TABLE counted (n serial PRIMARY KEY)")
}

func (postgresEngine) connect(ctx context.Context, port uint16, who string) (speaker, error) {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres password=%s dbname=postgres sslmode=disable application_name='%s'",
		port, harness.Canary, who))
	return pgSpeaker{conn}, err
}

func (postgresEngine) queries() queries {
	return queries{
		write:   `INSERT INTO counted DEFAULT VALUES`,
		count:   `SELECT n::text FROM counted`,
		waiting: `SELECT pid::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'application'`,
		residue: `SELECT format('%s: %s, %s', a.pid, a.state, l.mode) FROM pg_stat_activity a
			LEFT JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'relation' AND l.mode = 'ShareLock' WHERE a.application_name = 'lull'`,
		settings: `SELECT format('%s=%s (%s)', name, setting, source) FROM pg_settings WHERE source NOT IN ('default', 'client', 'session')
			UNION ALL SELECT format('role %s, database %s: %s', setrole, setdatabase, setconfig) FROM pg_db_role_setting
			UNION ALL SELECT pg_read_file('postgresql.auto.conf') ORDER BY 1`,
		flushed: `SELECT checkpoint_lsn::text FROM pg_control_checkpoint()`,
	}
}

func (e postgresEngine) run(t *testing.T, d *harness.Daemon, annotations map[string]string) database {
	t.Helper()
	pg := d.Postgres(t, harness.PostgresOptions{Version: e.version, ContainerOptions: harness.ContainerOptions{Annotations: annotations}})
	return database{pg.Container, pg.Store(), pg.WaitAnswer}
}

type pgSpeaker struct{ *pgx.Conn }

func (c pgSpeaker) close() { _ = c.Close(context.Background()) }

func (c pgSpeaker) exec(ctx context.Context, statement string) error {
	_, err := c.Exec(ctx, statement)
	return err
}

func (c pgSpeaker) texts(ctx context.Context, query string) ([]string, error) {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
