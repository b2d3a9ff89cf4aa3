package redis

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// clientName is how our connection is known in CLIENT LIST.
	clientName = "lull"
	// connectTimeout bounds one attempt at one listener.
	connectTimeout = 3 * time.Second
	// answerTimeout bounds one command: a fork of a large server takes a while.
	answerTimeout = 10 * time.Second
)

// quiet keeps the library from writing to standard error.
var quiet = sync.OnceFunc(logging.Disable)

// options are those of one connection that nothing is retried on: what was
// sent twice would be done twice.
func (s *session) options(address netip.AddrPort, secure bool) *redis.Options {
	return &redis.Options{
		Addr:     address.String(),
		Dialer:   func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx, address, secure) },
		Protocol: 2, PoolSize: 1, PipelinePoolSize: -1, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: connectTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout, PoolTimeout: answerTimeout,
		ConnMaxIdleTime: -1, ContextTimeoutEnabled: true, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		OnConnect:                s.login.enter,
	}
}

// dial connects; the certificate is not verified, because the listener is
// known to be the container's own socket.
func (s *session) dial(ctx context.Context, address netip.AddrPort, secure bool) (net.Conn, error) {
	conn, err := s.dialer.Dial(ctx, address)
	if err != nil || !secure {
		return conn, err
	}
	wrapped := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	if err := wrapped.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return wrapped, nil
}
