package ledger

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Mongo says where a MongoDB listens and who connects. It holds a password:
// never log it.
type Mongo struct {
	Addr     netip.AddrPort
	Inside   Inside // nil: it listens in this network namespace
	User     string
	Password string
	// Single keeps an entry with its legs in one document, written at the
	// commit: for servers without transactions.
	Single bool
}

// Connect opens a client of one connection.
func (m Mongo) Connect(ctx context.Context) (*MongoConn, error) {
	o := options.Client().SetHosts([]string{m.Addr.String()}).SetDirect(true).SetAppName("lull-ledger").
		SetDialer(m).SetMaxPoolSize(1).SetServerMonitoringMode(options.ServerMonitoringModePoll).
		SetRetryReads(false).SetRetryWrites(false).
		SetConnectTimeout(time.Second).SetServerSelectionTimeout(time.Second).
		SetAuth(options.Credential{Username: m.User, Password: m.Password})
	c, err := mongo.Connect(o)
	if err != nil {
		return nil, err
	}
	one := &MongoConn{c}
	if err := c.Ping(ctx, nil); err != nil {
		one.Close()
		return nil, fmt.Errorf("MongoDB at %s: %w", m.Addr, err)
	}
	return one, nil
}

// DialContext makes the socket inside the namespace; it stays there.
func (m Mongo) DialContext(ctx context.Context, network, addr string) (conn net.Conn, err error) {
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

// MongoConn is a client of one connection.
type MongoConn struct{ *mongo.Client }

// Close hangs up, waiting only briefly for a server that may be gone.
func (c *MongoConn) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Disconnect(ctx) // its sockets are closed in any case
}
