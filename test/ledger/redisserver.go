package ledger

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis says where a Redis or Valkey listens and who connects. It holds a
// password: never log it.
type Redis struct {
	Addr     netip.AddrPort
	Inside   Inside // nil: it listens in this network namespace
	Password string
}

// quiet keeps the library from writing of every failed attempt.
var quiet = sync.OnceFunc(logging.Disable)

// Connect opens one connection.
func (r Redis) Connect(ctx context.Context) (*RedisConn, error) {
	quiet()
	pool := redis.NewClient(&redis.Options{
		Addr: r.Addr.String(), Password: r.Password, ClientName: "lull-ledger", Dialer: r.dial,
		Protocol: 2, PoolSize: 1, MaxRetries: -1, DialerRetries: 1, ReadTimeout: -1, WriteTimeout: -1,
		ContextTimeoutEnabled: true, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	c := &RedisConn{Conn: pool.Conn(), pool: pool}
	if err := c.Ping(ctx).Err(); err != nil {
		c.Close()
		return nil, fmt.Errorf("Redis at %s: %w", r.Addr, err)
	}
	return c, nil
}

// dial makes the socket inside the namespace; it stays there.
func (r Redis) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	open := func() error {
		conn, err = dialer.DialContext(ctx, network, addr)
		return err
	}
	if r.Inside == nil {
		return conn, open()
	}
	err = r.Inside(open)
	return conn, err
}

// RedisConn is one connection that never becomes another.
type RedisConn struct {
	*redis.Conn
	pool *redis.Client
}

// Close hangs up.
func (c *RedisConn) Close() {
	_ = c.Conn.Close()
	_ = c.pool.Close() // its socket is closed in any case
}
