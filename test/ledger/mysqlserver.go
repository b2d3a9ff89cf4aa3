package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/go-sql-driver/mysql"
)

// MySQL says where a MySQL or MariaDB listens and who connects. It holds a
// password: never log it.
type MySQL struct {
	Addr     netip.AddrPort
	Inside   Inside // nil: it listens in this network namespace
	User     string
	Password string
	Database string // made by Setup
}

// Connect opens one connection, in no database.
func (m MySQL) Connect(ctx context.Context) (*MySQLConn, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd = "tcp", m.Addr.String(), m.User, m.Password
	cfg.DialFunc, cfg.InterpolateParams, cfg.Logger = m.dial, true, &mysql.NopLogger{}
	cfg.AllowFallbackToPlaintext = true
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	one, err := pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("MySQL at %s: %w", m.Addr, errors.Join(err, pool.Close()))
	}
	return &MySQLConn{Conn: one, pool: pool}, nil
}

// dial makes the socket inside the namespace; it stays there.
func (m MySQL) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	open := func() error {
		conn, err = dialer.DialContext(ctx, network, addr)
		return err
	}
	if m.Inside == nil {
		return conn, open()
	}
	err = m.Inside(open)
	return conn, err
}

// MySQLConn is one connection that never becomes another.
type MySQLConn struct {
	*sql.Conn
	pool *sql.DB
}

// Close hangs up.
func (c *MySQLConn) Close() {
	_ = c.pool.Close() // its socket is closed in any case
	_ = c.Conn.Close()
}
