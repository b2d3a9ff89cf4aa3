package mysqlproto

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/lull-containers/lull/quiesce/internal/dial"
)

// conn is one connection: a pool of one that never makes another.
type conn struct {
	pool   *sql.DB
	conn   *sql.Conn
	id     string // of the server
	broken bool   // by an error that is not the server's own

	version, account string // the server's, and of ours as it sees it
}

// Row is one row by its columns' names, in lower case; NULL is "".
type Row map[string]string

// open connects once. The certificate is not verified, because the listener is
// known to be the container's own socket. Sessions of TLS are resumed.
func open(ctx context.Context, d dial.Dialer, to netip.AddrPort, l login, resumed tls.ClientSessionCache) (*conn, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = l.user, l.password
	cfg.Net, cfg.Addr = "tcp", to.String()
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return d.Dial(ctx, to) }
	cfg.TLS = &tls.Config{InsecureSkipVerify: true, ClientSessionCache: resumed}
	cfg.AllowFallbackToPlaintext = true
	cfg.InterpolateParams = true
	cfg.ConnectionAttributes = "program_name:lull"
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	one, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &conn{pool: pool, conn: one}, nil
}

// close hangs up; the server drops what the connection held.
func (c *conn) close() { _ = c.pool.Close(); _ = c.conn.Close() } // its socket is closed in any case

// exec runs a statement.
func (c *conn) exec(ctx context.Context, statement string, args ...any) error {
	_, err := c.conn.ExecContext(ctx, statement, args...)
	return c.note(err)
}

// rows is the whole answer to a query.
func (c *conn) rows(ctx context.Context, query string, args ...any) ([]Row, error) {
	found, err := c.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, c.note(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return nil, c.note(err)
	}
	var all []Row
	for found.Next() {
		row, err := scan(found, columns)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, c.note(found.Err())
}

func scan(found *sql.Rows, columns []string) (Row, error) {
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := found.Scan(into...); err != nil {
		return nil, err
	}
	row := make(Row, len(columns))
	for i, name := range columns {
		row[strings.ToLower(name)] = values[i].String
	}
	return row, nil
}

func (c *conn) note(err error) error {
	if err != nil && codeOf(err) == 0 {
		c.broken = true
	}
	return err
}
