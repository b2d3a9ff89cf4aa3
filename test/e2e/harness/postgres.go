package harness

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

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
	Volume  string // folder on the host for the bind mount; none: a new one
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
	if !o.Rw && o.Volume == "" {
		o.Volume = d.Volume(t)
	}
	if o.Volume != "" {
		o.Mounts = with(o.Mounts, postgresData, o.Volume)
	}
	pg := d.Run(t, o.ContainerOptions).AsPostgres()
	pg.Volume = o.Volume
	pg.WaitAnswer(t)
	return pg
}

// AsPostgres takes a container that was made otherwise, by a restore for
// example, for a PostgreSQL with the harness's password.
func (c *Container) AsPostgres() *Postgres {
	return &Postgres{Container: c, PostgreSQL: ledger.PostgreSQL{
		Addr:   netip.MustParseAddrPort("127.0.0.1:5432"),
		Inside: c.InNetNS,
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
