package ledger

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lull-containers/lull/internal/netns"
)

// PostgreSQL says where a server listens and who connects. It holds a
// password: never log it.
type PostgreSQL struct {
	Addr     netip.AddrPort
	Inside   Inside // nil: it listens in this network namespace
	User     string
	Password string
	Database string
}

// Inside runs f in the network namespace that the server is in at the time: a
// restored one may be in another.
type Inside func(f func() error) error

// InNetNS stays inside the namespace at one path.
func InNetNS(path string) Inside {
	return func(f func() error) error { return netns.Do(path, f) }
}

// Connect opens one connection.
func (p PostgreSQL) Connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig("sslmode=disable application_name=lull-ledger")
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Port = p.Addr.Addr().String(), p.Addr.Port()
	cfg.User, cfg.Password, cfg.Database = p.User, p.Password, p.Database
	cfg.Fallbacks = nil
	cfg.DialFunc = p.dial
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL at %s: %w", p.Addr, err)
	}
	return conn, nil
}

// dialer gives up soon where packets are dropped, as before a restored server
// is opened, and notices within seconds that a server went without a word, as
// one does that is stopped with its checkpoint. A frozen one is neither: its
// kernel answers.
var dialer = net.Dialer{
	Timeout:         time.Second,
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: 3 * time.Second, Count: 4},
}

// dial makes the socket inside the namespace; it stays there.
func (p PostgreSQL) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	open := func() error {
		conn, err = dialer.DialContext(ctx, network, addr)
		return err
	}
	return conn, p.inside(open)
}

// inside runs f in the server's network namespace.
func (p PostgreSQL) inside(f func() error) error {
	if p.Inside == nil {
		return f()
	}
	return p.Inside(f)
}

// hangUp closes a connection, waiting only briefly for a server that may be gone.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // its socket is closed in any case
}
