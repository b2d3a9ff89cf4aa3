package fakemongod

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// conn is one client's connection. Only its own goroutine uses it, app and
// user excepted, which are set by then.
type conn struct {
	server *server
	conn   net.Conn
	id     int64
	app    string // guarded by server.mu
	user   *User  // guarded by server.mu; nil: nobody yet
	login  *scram.ServerConversation
}

// serve answers commands one after the other. A client that hangs up ends what
// it had under way, as of MongoDB 4.2 for commands that only wait.
func (c *conn) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	requests := make(chan request)
	go func() {
		defer close(requests)
		defer cancel()
		for {
			q, err := readRequest(c.conn)
			if err != nil {
				return
			}
			select {
			case requests <- q:
			case <-ctx.Done():
				return
			}
		}
	}()
	defer c.server.remove(c)
	defer c.conn.Close()
	for q := range requests {
		answer := c.answer(ctx, q)
		if q.noAnswer {
			continue
		}
		if writeAnswer(c.conn, q, answer) != nil {
			return
		}
	}
}

func (c *conn) answer(ctx context.Context, q request) bson.D {
	d, err := c.run(ctx, q.command)
	if err != nil {
		return answerTo(err)
	}
	if get(d, "ok") == nil {
		d = append(d, bson.E{Key: "ok", Value: 1.0})
	}
	return d
}

// run runs one command.
func (c *conn) run(ctx context.Context, command bson.D) (bson.D, error) {
	if len(command) == 0 {
		return nil, fails(59, "CommandNotFound", "no command")
	}
	o := &operation{conn: c, name: command[0].Key, db: text(command, "$db"), command: command, since: time.Now()}
	known, ok := commands()[o.name]
	if !ok || slices.Contains(c.server.Lacks, o.name) {
		return nil, fails(59, "CommandNotFound", "no such command: '%s'", o.name)
	}
	if err := c.may(o.db, o.name, known.action); err != nil {
		return nil, err
	}
	ctx, o.cancel = context.WithCancel(ctx)
	if ms := number(command, "maxTimeMS"); ms > 0 {
		ctx, o.cancel = context.WithTimeout(ctx, time.Duration(ms)*time.Millisecond)
	}
	defer o.cancel()
	c.server.begin(o)
	defer c.server.end(o)
	return c.inSession(ctx, o, known)
}

// inSession runs the statements of one logical session one at a time.
func (c *conn) inSession(ctx context.Context, o *operation, known command) (bson.D, error) {
	if get(o.command, "txnNumber") == nil {
		return known.run(c.server, ctx, o)
	}
	l := c.server.sessionOf(c.userName(), o.command)
	if l == nil {
		return known.run(c.server, ctx, o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	tx, err := c.server.transactionOf(l, o.command)
	if err != nil {
		return nil, err
	}
	c.server.mu.Lock()
	o.session, o.tx = l, tx
	c.server.mu.Unlock()
	d, err := known.run(c.server, ctx, o)
	if err != nil && tx != nil {
		c.server.abort(l)
	}
	return d, err
}
