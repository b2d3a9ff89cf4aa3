package mongodb

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	// appName is how our connections are known in currentOp.
	appName = "lull"
	// connectTimeout bounds one attempt at one listener.
	connectTimeout = 3 * time.Second
	// poolSize leaves the fence's end a connection beside a command under way.
	poolSize = 2
)

// options are those of a direct client: no other member is looked for, nothing
// is tried twice, and the one monitor only polls.
func (s *session) options(address netip.AddrPort, secure bool) *options.ClientOptions {
	o := options.Client().
		SetHosts([]string{address.String()}).SetDirect(true).SetAppName(appName).
		SetDialer(dialer{s, address}).
		SetMaxPoolSize(poolSize).SetServerMonitoringMode(options.ServerMonitoringModePoll).
		SetHeartbeatInterval(time.Minute).
		SetRetryReads(false).SetRetryWrites(false).
		SetConnectTimeout(connectTimeout).SetServerSelectionTimeout(connectTimeout)
	if secure {
		o.SetTLSConfig(&tls.Config{InsecureSkipVerify: true}) // the listener is known to be the container's own socket
	}
	if s.login.user != "" {
		o.SetAuth(options.Credential{Username: s.login.user, Password: s.login.password, AuthSource: s.login.source})
	}
	return o
}

// dialer connects to the target's listener, whatever address is asked for.
type dialer struct {
	session *session
	address netip.AddrPort
}

func (d dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return d.session.dialer.Dial(ctx, d.address)
}

// admin runs a command on the database admin and reads its answer.
func (s *session) admin(ctx context.Context, doing string, command bson.D, answer any) error {
	return s.on(ctx, "admin", doing, command, answer)
}

func (s *session) on(ctx context.Context, database, doing string, command bson.D, answer any) error {
	if s.client == nil {
		return errClosed
	}
	return s.explain(ctx, run(ctx, s.client, database, command, answer), doing, command[0].Key)
}

func run(ctx context.Context, c *mongo.Client, database string, command bson.D, answer any) error {
	if answer == nil {
		answer = &bson.D{}
	}
	return c.Database(database).RunCommand(ctx, command).Decode(answer)
}

// one is a command without arguments.
func one(name string) bson.D { return bson.D{{Key: name, Value: 1}} }
