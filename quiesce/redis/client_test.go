package redis_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// client is an application.
type client struct{ *goredis.Client }

func (s *server) Client(t *testing.T) quiescetest.Client {
	t.Helper()
	c := client{s.connect(t, "application")}
	must(t, c.Ping(within(t)).Err())
	return c
}

func (client) Begin(context.Context) error  { return nil }
func (client) Commit(context.Context) error { return nil }

func (c client) Write(ctx context.Context) error { return c.RPush(ctx, "counted", "x").Err() }

func (c client) Rows(ctx context.Context) (int, error) {
	n, err := c.LLen(ctx, "counted").Result()
	return int(n), err
}

// info is one fact of the server.
func (s *server) info(t *testing.T, name string) string {
	t.Helper()
	text, err := s.connect(t, "harness").Info(within(t)).Result()
	must(t, err)
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && k == name {
			return v
		}
	}
	return ""
}

func (s *server) Waiting(t *testing.T) int {
	n, err := strconv.Atoi(s.info(t, "blocked_clients"))
	must(t, err)
	return n
}

func (s *server) Residue(t *testing.T) (left []string) {
	list, err := s.connect(t, "harness").ClientList(within(t)).Result()
	must(t, err)
	for line := range strings.Lines(list) {
		if strings.Contains(line, " name=lull ") {
			left = append(left, line)
		}
	}
	if p := s.info(t, "paused_actions"); p != "" && p != "none" {
		left = append(left, "paused: "+p)
	}
	return left
}

func (s *server) Settings(t *testing.T) string {
	all, err := s.connect(t, "harness").ConfigGet(within(t), "*").Result()
	must(t, err)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, name+" "+all[name])
	}
	acl, err := s.connect(t, "harness").Do(within(t), "ACL", "LIST").StringSlice()
	must(t, err)
	return strings.Join(append(lines, acl...), "\n")
}

func (s *server) Flushed(t *testing.T) string {
	return fmt.Sprint(s.info(t, "rdb_last_save_time"), s.info(t, "rdb_changes_since_last_save"), s.info(t, "aof_current_size"))
}

func is(t *testing.T, err, class error) {
	t.Helper()
	if !errors.Is(err, class) {
		t.Errorf("got %v, want %v", err, class)
	}
}
