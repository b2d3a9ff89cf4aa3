package harness

import (
	"context"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/test/ledger"
)

// Canary is the password of every database of the tests: it may turn up nowhere.
const Canary = "canary-7d41c9"

// postgresData is the data folder in the container.
const postgresData = "/var/lib/postgresql/data"

// PostgresOptions are how a PostgreSQL is run.
type PostgresOptions struct {
	Version string // 13, 17; none: 17
	Rw      bool   // data folder in the rw layer; else on a bind mount
	ContainerOptions
}

// Postgres is a PostgreSQL in a container.
type Postgres struct {
	*Container
	ledger.PostgreSQL
	Volume string // the data folder on the host; "" when it is in the rw layer
}

// Postgres runs a PostgreSQL and waits until it answers.
func (d *Daemon) Postgres(t testing.TB, o PostgresOptions) *Postgres {
	t.Helper()
	if o.Version == "" {
		o.Version = "17"
	}
	o.Image = "postgres:" + o.Version
	o.Env = with(o.Env, "POSTGRES_PASSWORD", Canary)
	volume := ""
	if !o.Rw {
		volume = d.Volume(t)
		o.Mounts = with(o.Mounts, postgresData, volume)
	}
	pg := d.Run(t, o.ContainerOptions).asPostgres(volume)
	pg.WaitAnswer(t)
	return pg
}

// AsPostgres takes a container that was made otherwise, by a restore for
// example, for a PostgreSQL with the harness's password.
func (c *Container) AsPostgres() *Postgres { return c.asPostgres("") }

func (c *Container) asPostgres(volume string) *Postgres {
	return &Postgres{Container: c, Volume: volume, PostgreSQL: ledger.PostgreSQL{
		Addr:   netip.MustParseAddrPort("127.0.0.1:5432"),
		Inside: c.Inside,
		User:   "postgres", Password: Canary, Database: "postgres",
	}}
}

func with(m map[string]string, key, value string) map[string]string {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// Volume makes an empty folder for a bind mount, on the daemon's file system.
func (d *Daemon) Volume(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(d.Data, "volumes", Name(t, "v"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("left behind: %v", err)
		}
	})
	return dir
}

// WaitAnswer waits until the server answers a query.
func (p *Postgres) WaitAnswer(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		_, err := p.query(ctx, "SELECT 1")
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("PostgreSQL in container %s does not answer: %v", p.ID, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Query gives a query's only value, as text; NULL is "".
func (p *Postgres) Query(t testing.TB, sql string, args ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	value, err := p.query(ctx, sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Exec runs statements, on a connection of their own.
func (p *Postgres) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := p.connected(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (p *Postgres) query(ctx context.Context, sql string, args ...any) (value string, err error) {
	err = p.connected(ctx, func(conn *pgx.Conn) error {
		var v *string
		if err := conn.QueryRow(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...).Scan(&v); err != nil {
			return err
		}
		if v != nil {
			value = *v
		}
		return nil
	})
	return value, err
}

func (p *Postgres) connected(ctx context.Context, f func(*pgx.Conn) error) error {
	conn, err := p.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is there already
	return f(conn)
}
