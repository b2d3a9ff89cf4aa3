package harness

import (
	"context"
	"database/sql"
	"net/netip"
	"testing"
	"time"

	"github.com/lull-containers/lull/test/ledger"
)

// mysqlData is the data folder in the container.
const mysqlData = "/var/lib/mysql"

// MySQLOptions are how a MySQL or MariaDB is run.
type MySQLOptions struct {
	Engine  string // mysql, mariadb; none: mysql
	Version string // 9.7, 10.11, 11.8
	Rw      bool   // data folder in the rw layer; else on a bind mount
	Volume  string // folder on the host for the bind mount; none: a new one
	ContainerOptions
}

// MySQL is a MySQL or MariaDB in a container.
type MySQL struct {
	*Container
	ledger.MySQL
	Engine string
	Volume string // the data folder on the host; "" when it is in the rw layer
}

// MySQL runs a MySQL or MariaDB and waits until it answers.
func (d *Daemon) MySQL(t testing.TB, o MySQLOptions) *MySQL {
	t.Helper()
	if o.Engine == "" {
		o.Engine = "mysql"
	}
	o.Image = o.Engine + ":" + o.Version
	o.Env = with(o.Env, "MYSQL_ROOT_PASSWORD", Canary)
	if !o.Rw && o.Volume == "" {
		o.Volume = d.Volume(t)
	}
	if o.Volume != "" {
		o.Mounts = with(o.Mounts, mysqlData, o.Volume)
	}
	my := d.Run(t, o.ContainerOptions).AsMySQL(o.Engine)
	my.Volume = o.Volume
	my.WaitAnswer(t)
	return my
}

// AsMySQL takes a container that was made otherwise, by a restore for example,
// for a MySQL or MariaDB with the harness's password.
func (c *Container) AsMySQL(engine string) *MySQL {
	return &MySQL{Container: c, Engine: engine, MySQL: ledger.MySQL{
		Addr:   netip.MustParseAddrPort("127.0.0.1:3306"),
		Inside: c.InNetNS,
		User:   "root", Password: Canary,
	}}
}

// WaitAnswer waits until the server answers a query.
func (m *MySQL) WaitAnswer(t testing.TB) {
	t.Helper()
	eventuallyAnswers(t, "the server in container "+m.ID, answerTime, func(ctx context.Context) error {
		_, err := m.query(ctx, "SELECT 1")
		return err
	})
}

// Query gives a query's only value, as text; NULL and no row are "".
func (m *MySQL) Query(t testing.TB, query string, args ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	value, err := m.query(ctx, query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func (m *MySQL) query(ctx context.Context, query string, args ...any) (string, error) {
	conn, err := m.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var v sql.NullString
	err = conn.QueryRowContext(ctx, query, args...).Scan(&v)
	if err == sql.ErrNoRows { //nolint:errorlint // it is returned as it is
		err = nil
	}
	return v.String, err
}

// Exec runs statements, on one connection of their own.
func (m *MySQL) Exec(t testing.TB, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := m.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}
