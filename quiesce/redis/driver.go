package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
)

// Driver opens sessions with Redis or Valkey, as Engine says.
type Driver struct {
	Engine string // quiesce.Redis or quiesce.Valkey
}

var _ quiesce.Driver = Driver{}

// Name is the engine's.
func (d Driver) Name() string { return d.Engine }

// Open connects to the first listener that speaks Redis's protocol, with TLS
// where only that is spoken. It fails with ErrNotReady (also while the server
// loads its data), ErrAuth, ErrPrivilege (INFO is needed), ErrBusy or
// ErrUnsupported.
func (d Driver) Open(ctx context.Context, t quiesce.Target) (quiesce.Session, error) {
	quiet()
	s := &session{engine: d.Engine, login: loginOf(t), dialer: dial.To(t)}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// connect opens the connection and learns who answers.
func (s *session) connect(ctx context.Context) error {
	var failed error
	for _, address := range s.dialer.Addresses(s.login.port) {
		for _, secure := range []bool{false, true} {
			err := s.connectTo(ctx, redis.NewClient(s.options(address, secure)))
			if err == nil || codeOf(err) != "" || errors.Is(err, quiesce.ErrNotReady) {
				return err
			}
			if ctx.Err() != nil {
				return s.explain(ctx, err, "connecting to "+address.String())
			}
			failed = errors.Join(failed, fmt.Errorf("%s: %w", address, err))
		}
	}
	return s.unreachable(failed)
}

// connectTo keeps the client if a server answers it, ready or not yet.
func (s *session) connectTo(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	text, err := client.Info(ctx).Result()
	if err == nil {
		err = s.greet(parseInfo(text))
	}
	if codeOf(err) != "" {
		err = s.explain(ctx, err, "asking who it is")
	}
	if err != nil {
		return errors.Join(err, client.Close())
	}
	s.client = client
	return nil
}

// greet learns the version; a server that still loads its data is none yet.
func (s *session) greet(facts info) error {
	if facts["redis_version"] == "" {
		return errNotRedis
	}
	s.server = facts
	return s.loaded(facts)
}

func (s *session) loaded(facts info) error {
	if facts["loading"] != "1" {
		return nil
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrNotReady,
		What:   s.name() + " is loading its data",
		Remedy: "wait until it accepts commands",
	}
}

// unreachable is the refusal of a server that none of the listeners is.
func (s *session) unreachable(failed error) error {
	what := "no process of the container listens on TCP"
	if failed != nil {
		what = s.name() + " does not answer: " + oneLine(failed)
	}
	return &quiesce.Refusal{
		Class:  quiesce.ErrNotReady,
		What:   what,
		Remedy: "wait until it accepts connections; it has to listen on a TCP port (a TLS port without tls-auth-clients yes), not on a socket file alone",
	}
}
