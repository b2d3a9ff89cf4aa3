package fakemongod

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// command is what runs, and the action on the cluster that it needs.
type command struct {
	action string
	run    func(*server, context.Context, *operation) (bson.D, error)
}

// commands are all that the fake knows.
func commands() map[string]command {
	simple := func(f func(*server, *operation) (bson.D, error)) func(*server, context.Context, *operation) (bson.D, error) {
		return func(s *server, _ context.Context, o *operation) (bson.D, error) { return f(s, o) }
	}
	return map[string]command{
		"hello":                    {forAnybody, simple((*server).hello)},
		"isMaster":                 {forAnybody, simple((*server).hello)},
		"ismaster":                 {forAnybody, simple((*server).hello)},
		"ping":                     {forAnybody, simple(nothing)},
		"buildInfo":                {forAnybody, simple((*server).buildInfo)},
		"saslStart":                {forAnybody, simple((*server).saslStart)},
		"saslContinue":             {forAnybody, simple((*server).saslContinue)},
		"endSessions":              {forAnybody, simple((*server).endSessions)},
		"connectionStatus":         {forAnybody, simple((*server).connectionStatus)},
		"insert":                   {forUsers, (*server).insert},
		"update":                   {forUsers, (*server).update},
		"delete":                   {forUsers, (*server).remover},
		"drop":                     {forUsers, (*server).drop},
		"find":                     {forReaders, simple((*server).find)},
		"count":                    {forReaders, simple((*server).counts)},
		"aggregate":                {forUsers, (*server).aggregate},
		"dbHash":                   {forReaders, simple((*server).dbHash)},
		"validate":                 {forUsers, simple((*server).validate)},
		"listDatabases":            {forUsers, simple((*server).listDatabases)},
		"listCollections":          {forUsers, simple((*server).listCollections)},
		"commitTransaction":        {forUsers, (*server).commitTransaction},
		"abortTransaction":         {forUsers, (*server).abortTransaction},
		"fsync":                    {"fsync", (*server).fsync},
		"fsyncUnlock":              {"unlock", simple((*server).fsyncUnlock)},
		"currentOp":                {"inprog", simple((*server).currentOp)},
		"killOp":                   {"killop", simple((*server).killOp)},
		"killAllSessionsByPattern": {"killAnySession", simple((*server).killSessions)},
		"serverStatus":             {"serverStatus", simple((*server).serverStatus)},
		"replSetGetStatus":         {"replSetGetStatus", simple((*server).replSetGetStatus)},
		"replSetGetConfig":         {"replSetGetConfig", simple((*server).replSetGetConfig)},
		"getCmdLineOpts":           {"getCmdLineOpts", simple((*server).getCmdLineOpts)},
		"getDefaultRWConcern":      {"getDefaultRWConcern", simple((*server).getDefaultRWConcern)},
		"getParameter":             {"getParameter", simple((*server).getParameter)},
	}
}

func nothing(*server, *operation) (bson.D, error) { return bson.D{}, nil }

// fsync: manual, "fsync". Without lock it flushes all pending writes to disk
// and answers when that is done. With lock it takes a read lock on the whole
// server; each call counts lockCount up, and each needs an fsyncUnlock. It
// waits for open transactions, at most fsyncLockAcquisitionTimeoutMillis
// (default 90000). The lock belongs to no connection.
func (s *server) fsync(ctx context.Context, o *operation) (bson.D, error) {
	if !truth(o.command, "lock") {
		if err := s.store.flush(); err != nil {
			return nil, err
		}
		return bson.D{{Key: "numFiles", Value: int32(1)}}, nil
	}
	wait := 90 * time.Second
	if ms := number(o.command, "fsyncLockAcquisitionTimeoutMillis"); ms > 0 {
		wait = time.Duration(ms) * time.Millisecond
	}
	s.waiting(o, true)
	count, err := s.lock.acquire(ctx, wait)
	s.waiting(o, false)
	if err != nil {
		return nil, err
	}
	if err := s.store.flush(); err != nil {
		return nil, err
	}
	return bson.D{
		{Key: "info", Value: "now locked against writes, use db.fsyncUnlock() to unlock"},
		{Key: "lockCount", Value: int64(count)},
	}, nil
}

// fsyncUnlock: manual, "fsyncUnlock". It counts down; the server is unlocked
// when the count is 0. Not locked: an error.
func (s *server) fsyncUnlock(*operation) (bson.D, error) {
	count, err := s.lock.release()
	if err != nil {
		return nil, err
	}
	return bson.D{{Key: "info", Value: "fsyncUnlock completed"}, {Key: "lockCount", Value: int64(count)}}, nil
}

// killSessions: manual, "killAllSessionsByPattern". It ends the sessions'
// transactions and operations.
func (s *server) killSessions(o *operation) (bson.D, error) {
	for _, p := range list(o.command, "killAllSessionsByPattern") {
		pattern, _ := p.(bson.D)
		id, _ := get(document(pattern, "lsid"), "id").(bson.Binary)
		s.mu.Lock()
		l := s.sessions[string(id.Data)]
		s.mu.Unlock()
		if l != nil {
			l.mu.Lock()
			s.abort(l)
			l.mu.Unlock()
		}
	}
	return bson.D{}, nil
}

// endSessions: manual, "endSessions". A driver sends it at its goodbye.
func (s *server) endSessions(o *operation) (bson.D, error) {
	for _, e := range list(o.command, "endSessions") {
		d, _ := e.(bson.D)
		id, _ := get(d, "id").(bson.Binary)
		s.mu.Lock()
		l := s.sessions[string(id.Data)]
		delete(s.sessions, string(id.Data))
		s.mu.Unlock()
		if l != nil {
			l.mu.Lock()
			s.abort(l)
			l.mu.Unlock()
		}
	}
	return bson.D{}, nil
}
