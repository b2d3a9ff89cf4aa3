package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/quiesce/redis"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// redisEngine is Redis or Valkey.
type redisEngine struct {
	product, version string
	without          string // why it cannot be fenced; empty: it can
	shows            bool   // a pause, to everybody
}

func redisEngines() map[string]product {
	return map[string]product{
		"redis7.0":  redisEngine{product: "redis", version: "7.0"},
		"redis8.0":  redisEngine{product: "redis", version: "8.0"},
		"valkey8.1": redisEngine{product: "valkey", version: "8.1", shows: true},
		"valkey9.1": redisEngine{product: "valkey", version: "9.1", shows: true},
	}
}

// traits makes the suite ask what there is to ask of this product.
func (e redisEngine) traits() quiescetest.Traits {
	return quiescetest.Traits{
		NoTransactions: true, NoFence: e.without, FenceOutlives: true, FenceHidden: !e.shows,
		WritesThrough: true, NewIdentity: true,
	}
}

// Traits are the product's, if it has any.
func (s *suite) Traits() quiescetest.Traits {
	if p, ok := s.product.(interface{ traits() quiescetest.Traits }); ok {
		return p.traits()
	}
	return quiescetest.Traits{}
}

func (e redisEngine) driver() quiesce.Driver { return redis.Driver{Engine: e.product} }
func (e redisEngine) image() string          { return e.product + ":" + e.version }
func (redisEngine) data() string             { return "/data" }
func (e redisEngine) password() string       { return strings.ToUpper(e.product) + "_PASSWORD" }
func (redisEngine) stop() string             { return "SIGTERM" }

func (e redisEngine) args(port uint16) []string {
	return []string{
		e.product + "-server", "--port", fmt.Sprint(port), "--requirepass", harness.Canary,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
	}
}

// starting is a server that loads one key after the other.
func (e redisEngine) starting(t *testing.T, volume string, port uint16) []string {
	file := filepath.Join(volume, "slow.aof")
	var text strings.Builder
	for i := range 100_000 { // it hears us every thousand
		fmt.Fprintf(&text, "*3\r\n$3\r\nSET\r\n$6\r\n%06d\r\n$1\r\nx\r\n", i)
	}
	must(t, os.WriteFile(file, []byte(text.String()), 0o644))
	must(t, os.RemoveAll(filepath.Join(volume, "appendonlydir")))
	must(t, os.Rename(file, filepath.Join(volume, "appendonly.aof")))
	return append(e.args(port), "--key-load-delay", "1000")
}

func (e redisEngine) isStarting(ctx context.Context, port uint16) bool {
	_, err := e.connect(ctx, port, observer)
	return err != nil && strings.Contains(err.Error(), "LOADING")
}

func (redisEngine) ready(context.Context, uint16) error { return nil }

func (redisEngine) connect(ctx context.Context, port uint16, who string) (speaker, error) {
	conn, err := ledger.Redis{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), Password: harness.Canary}.Connect(ctx)
	if err == nil && who != "" {
		err = conn.ClientSetName(ctx, who).Err()
	}
	return redisSpeaker{conn}, err
}

// The questions that redisSpeaker answers without asking them as they are.
const (
	redisWaiting  = "waiting"
	redisResidue  = "residue"
	redisSettings = "settings"
	redisFlushed  = "flushed"
)

func (redisEngine) queries() queries {
	return queries{
		write: "RPUSH counted x", count: "LRANGE counted 0 -1",
		waiting: redisWaiting, residue: redisResidue, settings: redisSettings, flushed: redisFlushed,
	}
}

func (e redisEngine) run(t *testing.T, d *harness.Daemon, annotations map[string]string) database {
	t.Helper()
	r := d.Redis(t, harness.RedisOptions{Engine: e.product, Version: e.version, ContainerOptions: harness.ContainerOptions{
		Annotations: annotations, Args: []string{"--appendonly", "yes"},
	}})
	return database{r.Container, r.Store(), r.WaitAnswer}
}

type redisSpeaker struct{ *ledger.RedisConn }

func (c redisSpeaker) close() { c.Close() }

func (c redisSpeaker) exec(ctx context.Context, statement string) error {
	if statement == "BEGIN" || statement == "COMMIT" {
		return nil // there is nothing of the kind
	}
	return c.Do(ctx, command(statement)...).Err()
}

func command(statement string) (words []any) {
	for _, w := range strings.Fields(statement) {
		words = append(words, w)
	}
	return words
}

func (c redisSpeaker) texts(ctx context.Context, query string) ([]string, error) {
	switch query {
	case redisWaiting:
		return c.clients(ctx, " name="+application+" ", " flags=b ")
	case redisResidue:
		ours, err := c.clients(ctx, " name=lull ")
		paused, err2 := c.facts(ctx, "paused_actions:write")
		return append(ours, paused...), firstOf(err, err2)
	case redisSettings:
		all, err := c.ConfigGet(ctx, "*").Result()
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(all)) {
			lines = append(lines, name+" "+all[name])
		}
		return lines, err
	case redisFlushed:
		return c.facts(ctx, "aof_current_size")
	}
	return c.Do(ctx, command(query)...).StringSlice()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// clients are the lines of CLIENT LIST that have all these words.
func (c redisSpeaker) clients(ctx context.Context, having ...string) (lines []string, err error) {
	list, err := c.ClientList(ctx).Result()
	for line := range strings.Lines(list) {
		if !slices.ContainsFunc(having, func(word string) bool { return !strings.Contains(line, word) }) {
			lines = append(lines, line)
		}
	}
	return lines, err
}

// facts are the lines of INFO that begin like this.
func (c redisSpeaker) facts(ctx context.Context, prefix string) (lines []string, err error) {
	text, err := c.Info(ctx).Result()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, err
}

// Redis 6.0 knows no pause that leaves us alone: it is checkpointed flushed,
// with the reason in the manifest, and comes back with all that it had.
func TestDriverWithoutFence(t *testing.T) {
	d := harness.Shared(t)
	e := redisEngine{product: "redis", version: "6.0", without: "before 6.2 a pause stops everybody"}
	t.Run("conformance", func(t *testing.T) { quiescetest.Run(t, &suite{e, d}) })
	db := e.run(t, d, annotations("lull/on-drift", "rollback"))
	load := harness.LoadOn(t, db.store, trickle())
	load.Wait(t, 20)
	var ref string
	start, end := load.Cut(func() { ref = takeCheckpoint(t, db, true) })
	m := d.Manifest(t, ref)
	why := strings.Join(m.Reached.Warnings, "; ")
	if m.Reached.Level != manifest.Flushed || m.Reached.Fenced || !strings.Contains(why, "6.2") {
		t.Errorf("reached %+v", m.Reached)
	}
	load.Wait(t, 20)
	db.Kill(t)
	db.Remove(t)
	restored := load.Log.Now()
	d.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	db.waitAnswer(t)
	load.Wait(t, 20)
	t.Log(load.Check(t, ledger.Continues(start, end, restored)))
	db.Remove(t)
	db.NoTraces(t)
}
