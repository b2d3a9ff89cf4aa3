package redis

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/dial"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// closeTimeout bounds the goodbye.
const closeTimeout = 2 * time.Second

// session is one conversation. It is not safe for concurrent use.
type session struct {
	engine string
	login  login
	dialer dial.Dialer
	client *redis.Client // of one connection; nil before the first
	closed bool
	server info // as it greeted

	config config // nil: not asked yet
	saved  bool   // a save of this session's succeeded
	fence  fence
}

var _ quiesce.Session = (*session)(nil)

// name is the server's, for people.
func (s *session) name() string {
	switch {
	case s.server["valkey_version"] != "", s.server == nil && s.engine == quiesce.Valkey:
		return "Valkey"
	}
	return "Redis"
}

func (s *session) version() string {
	if v := s.server["valkey_version"]; v != "" {
		return v
	}
	return s.server["redis_version"]
}

// Close lifts the session's pause, if one stands, and hangs up.
func (s *session) Close() error {
	if s.closed || s.client == nil {
		return nil
	}
	defer func() { s.closed = true }()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	if s.fence.stands(time.Now()) {
		err = s.unpause(ctx, s.fence.until)
	}
	return errors.Join(err, s.client.Close())
}

// do sends one command.
func (s *session) do(ctx context.Context, doing string, args ...any) (any, error) {
	if s.client == nil {
		return nil, errors.New("the session is closed")
	}
	v, err := s.client.Do(ctx, args...).Result()
	return v, s.explain(ctx, err, doing)
}

// look asks for everything that INFO tells. A server that loads its data is
// not ready.
func (s *session) look(ctx context.Context) (info, error) {
	if s.closed {
		return nil, errors.New("the session is closed")
	}
	text, err := s.client.Info(ctx).Result()
	if err != nil {
		return nil, s.explain(ctx, err, "asking for INFO")
	}
	facts := parseInfo(text)
	return facts, s.loaded(facts)
}

// Drain has nothing to wait for: commands, transactions and scripts run one
// after the other, each to its end, before the server hears us.
func (s *session) Drain(ctx context.Context, _ time.Duration, _ quiesce.Policy) (manifest.Transactions, error) {
	if err := ctx.Err(); err != nil {
		return manifest.Transactions{}, err
	}
	_, err := s.look(ctx)
	return manifest.Transactions{}, err
}

// InFlight is none, if the server answers at all.
func (s *session) InFlight(ctx context.Context) (int, error) {
	_, err := s.look(ctx)
	return 0, err
}

// poll looks until f is done, with pauses that grow. It gives up with ctx's
// error.
func (s *session) poll(ctx context.Context, f func(info) (done bool, err error)) error {
	return wait.Until(ctx, func() (bool, error) {
		facts, err := s.look(ctx)
		if err != nil {
			return false, err
		}
		return f(facts)
	})
}
