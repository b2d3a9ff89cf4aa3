package fakemongod

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// currentOp: manual, "currentOp" (the command, deprecated but there in 8.x).
// fsyncLock is there, and true, only while the server is locked.
func (s *server) currentOp(o *operation) (bson.D, error) {
	d := bson.D{{Key: "inprog", Value: s.inProgress(truth(o.command, "$all"), true)}}
	if s.lock.locked() > 0 {
		d = append(d, bson.E{Key: "fsyncLock", Value: true}, bson.E{Key: "info", Value: "use db.fsyncUnlock() to terminate the fsync write/snapshot lock"})
	}
	return d, nil
}

// currentOpStage: manual, "$currentOp".
func (s *server) currentOpStage(o *operation, arguments bson.D) (bson.D, error) {
	if err := o.conn.may(o.db, "aggregate", "inprog"); err != nil {
		return nil, err
	}
	var docs []bson.D
	for _, each := range s.inProgress(truth(arguments, "idleConnections"), truth(arguments, "idleSessions")) {
		docs = append(docs, each.(bson.D))
	}
	return cursor("admin.$cmd.aggregate", docs), nil
}

// inProgress lists operations under way, and idle connections and sessions
// with a transaction.
func (s *server) inProgress(idle, sessions bool) bson.A {
	s.mu.Lock()
	defer s.mu.Unlock()
	out, busy := bson.A{}, map[*conn]bool{}
	for _, o := range s.running {
		busy[o.conn] = true
		out = append(out, o.show())
	}
	for c := range s.conns {
		if idle && !busy[c] {
			out = append(out, bson.D{{Key: "type", Value: "op"}, {Key: "desc", Value: "conn"}, {Key: "connectionId", Value: c.id}, {Key: "appName", Value: c.app}, {Key: "active", Value: false}})
		}
	}
	for _, l := range s.sessions {
		if d := l.show(); sessions && d != nil {
			out = append(out, d)
		}
	}
	return out
}

// show must be called with server.mu held.
func (o *operation) show() bson.D {
	d := bson.D{
		{Key: "type", Value: "op"}, {Key: "desc", Value: "conn"}, {Key: "connectionId", Value: o.conn.id}, {Key: "appName", Value: o.conn.app},
		{Key: "opid", Value: o.id}, {Key: "active", Value: true}, {Key: "op", Value: "command"},
		{Key: "secs_running", Value: int64(time.Since(o.since).Seconds())},
		{Key: "waitingForLock", Value: o.waits}, {Key: "command", Value: o.command},
	}
	if o.tx != nil {
		d = append(d, o.session.lsid(), o.tx.show(), o.locks())
	}
	return d
}

// locks are those that a statement of a transaction has or waits for.
func (o *operation) locks() bson.E {
	d := bson.D{}
	if o.waits || o.tx.wrote.Load() {
		d = bson.D{{Key: "Global", Value: "w"}}
	}
	return bson.E{Key: "locks", Value: d}
}

func (l *logical) lsid() bson.E {
	return bson.E{Key: "lsid", Value: bson.D{{Key: "id", Value: l.id}, {Key: "uid", Value: bson.Binary{Data: make([]byte, 32)}}}}
}

func (tx *transaction) show() bson.E {
	return bson.E{Key: "transaction", Value: bson.D{
		{Key: "parameters", Value: bson.D{{Key: "txnNumber", Value: tx.number}, {Key: "autocommit", Value: false}}},
		{Key: "timeOpenMicros", Value: time.Since(tx.since).Microseconds()},
	}}
}

// show is an idle session with an open transaction; nil: it has none, or a
// statement of it is running.
func (l *logical) show() bson.D {
	if !l.mu.TryLock() {
		return nil
	}
	defer l.mu.Unlock()
	if l.tx == nil {
		return nil
	}
	mode := "r"
	if l.tx.wrote.Load() {
		mode = "w"
	}
	return bson.D{
		{Key: "type", Value: "idleSession"}, {Key: "desc", Value: "inactive transaction"}, {Key: "active", Value: false},
		l.lsid(), l.tx.show(),
		{Key: "locks", Value: bson.D{{Key: "Global", Value: mode}}},
	}
}

// waiting marks an operation that may wait for the global lock.
func (s *server) waiting(o *operation, waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.waits = waits
}

// killOp: manual, "killOp".
func (s *server) killOp(o *operation) (bson.D, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if victim := s.running[number(o.command, "op")]; victim != nil {
		victim.cancel()
	}
	return bson.D{{Key: "info", Value: "attempting to kill op"}}, nil
}
