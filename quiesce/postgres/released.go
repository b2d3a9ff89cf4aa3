package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/internal/wait"
)

// releaseTime bounds the wait for the server to notice closed connections.
const releaseTime = 3 * time.Second

// checkReleased sees that no other session of ours holds a table back: in a
// restored copy, the fence of the checkpoint must have died with its
// connection.
func (s *session) checkReleased(ctx context.Context, v *quiesce.Verdict) error {
	bound, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	left := 0
	err := wait.Until(bound, func() (_ bool, err error) {
		left, err = s.holders(ctx)
		return left == 0, err
	})
	if err != nil && (!wait.Spent(err) || ctx.Err() != nil) {
		return err
	}
	v.Require("no other session of lull's holds a table", left == 0,
		fmt.Sprintf("%d other session(s) of lull's hold tables: writers wait for them", left))
	return nil
}

// holders counts the sessions of ours, this one's excepted, that hold a
// fence's locks.
func (s *session) holders(ctx context.Context) (int, error) {
	return ask[int](ctx, s, "looking for locks", `SELECT count(DISTINCT l.pid)::int
		FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE a.application_name = $1 AND l.granted AND l.locktype = 'relation' AND l.mode = 'ShareLock'
		AND NOT l.pid = ANY (string_to_array($2, ',')::int[])`, applicationName, s.pids())
}

// pids are the server's processes for our own connections.
func (s *session) pids() string {
	own := []string{fmt.Sprint(s.conn.PgConn().PID())}
	for _, f := range s.fences {
		own = append(own, fmt.Sprint(f.conn.PgConn().PID()))
	}
	return strings.Join(own, ",")
}
