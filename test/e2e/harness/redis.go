package harness

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/test/ledger"
)

// redisData is the data folder in the container.
const redisData = "/data"

// RedisOptions are how a Redis or Valkey is run. Arguments are the server's
// and come behind its password.
type RedisOptions struct {
	Engine  string // redis, valkey; none: redis
	Version string // 6.0, 7.0, 8.0; 8.1, 9.1
	Rw      bool   // data folder in the rw layer; else on a bind mount
	Volume  string // folder on the host for the bind mount; none: a new one
	ContainerOptions
}

// Redis is a Redis or Valkey in a container.
type Redis struct {
	*Container
	ledger.Redis
	Engine string
	Volume string // the data folder on the host; "" when it is in the rw layer
}

// Redis runs a Redis or Valkey and waits until it answers.
func (d *Daemon) Redis(t testing.TB, o RedisOptions) *Redis {
	t.Helper()
	if o.Engine == "" {
		o.Engine = "redis"
	}
	o.Image = o.Engine + ":" + o.Version
	o.Args = append([]string{o.Engine + "-server", "--requirepass", Canary}, o.Args...)
	if !o.Rw && o.Volume == "" {
		o.Volume = d.Volume(t)
	}
	if o.Volume != "" {
		o.Mounts = with(o.Mounts, redisData, o.Volume)
	}
	r := d.Run(t, o.ContainerOptions).AsRedis(o.Engine)
	r.Volume = o.Volume
	r.WaitAnswer(t)
	return r
}

// AsRedis takes a container that was made otherwise, by a restore for example,
// for a Redis or Valkey with the harness's password.
func (c *Container) AsRedis(engine string) *Redis {
	return &Redis{Container: c, Engine: engine, Redis: ledger.Redis{
		Addr:   netip.MustParseAddrPort("127.0.0.1:6379"),
		Inside: c.InNetNS, Password: Canary,
	}}
}

// WaitAnswer waits until the server answers a read.
func (r *Redis) WaitAnswer(t testing.TB) {
	t.Helper()
	eventuallyAnswers(t, "the server in container "+r.ID, answerTime, func(ctx context.Context) error {
		_, err := r.query(ctx, "DBSIZE")
		return err
	})
}

// Query gives a command's answer as text; none is "".
func (r *Redis) Query(t testing.TB, command ...any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	value, err := r.query(ctx, command...)
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return value
}

// Fact is one of those that INFO tells.
func (r *Redis) Fact(t testing.TB, name string) string {
	t.Helper()
	for line := range strings.Lines(r.Query(t, "INFO")) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && k == name {
			return v
		}
	}
	return ""
}

func (r *Redis) query(ctx context.Context, command ...any) (string, error) {
	conn, err := r.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	answer, err := conn.Do(ctx, command...).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return fmt.Sprint(answer), err
}
