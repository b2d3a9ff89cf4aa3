package fakemongod

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// transaction is one of several statements: manual, "Transactions".
type transaction struct {
	number  int64
	began   bson.Timestamp
	since   time.Time
	wrote   atomic.Bool // it is in the global lock
	changes []change
	claims  []claim
}

type claim struct{ ns, key string }

// logical is a session by its lsid.
type logical struct {
	mu   sync.Mutex // held while a statement of the session runs
	id   bson.Binary
	user string
	tx   *transaction // guarded by mu
}

// owner is the transaction that is changing a document.
func (s *store) owner(ns, key string) *transaction { return s.claimed[claim{ns, key}] }

func (tx *transaction) claim(s *store, ns, key string) {
	c := claim{ns, key}
	if s.claimed[c] == nil {
		s.claimed[c] = tx
		tx.claims = append(tx.claims, c)
	}
}

// unclaim must be called with the store's mu held.
func (tx *transaction) unclaim(s *store) {
	for _, c := range tx.claims {
		delete(s.claimed, c)
	}
}

// transactionOf is the one that a command belongs to; nil: none. A statement
// that says startTransaction begins it.
func (s *server) transactionOf(l *logical, command bson.D) (*transaction, error) {
	if get(command, "autocommit") == nil || l == nil {
		return nil, nil
	}
	n := number(command, "txnNumber")
	if truth(command, "startTransaction") {
		s.abort(l)
		s.store.mu.Lock()
		l.tx = &transaction{number: n, began: s.store.last, since: time.Now()}
		s.store.mu.Unlock()
		return l.tx, nil
	}
	if l.tx == nil || l.tx.number != n {
		return nil, noSuchTransaction(n)
	}
	return l.tx, nil
}

// abort ends a session's transaction, if it has one; its mu is held.
func (s *server) abort(l *logical) {
	if l.tx == nil {
		return
	}
	s.store.mu.Lock()
	l.tx.unclaim(s.store)
	s.store.mu.Unlock()
	if l.tx.wrote.Load() {
		s.lock.leave()
	}
	l.tx = nil
}

// commitTransaction: manual, "commitTransaction".
func (s *server) commitTransaction(_ context.Context, o *operation) (bson.D, error) {
	l := o.session
	if l == nil || o.tx == nil {
		return nil, noSuchTransaction(number(o.command, "txnNumber"))
	}
	s.store.mu.Lock()
	var err error
	if o.tx.wrote.Load() {
		err = s.store.commitLocked(o.tx.changes)
	}
	s.store.mu.Unlock()
	s.abort(l) // of what there is to be let go of
	return bson.D{}, err
}

// abortTransaction: manual, "abortTransaction".
func (s *server) abortTransaction(_ context.Context, o *operation) (bson.D, error) {
	if o.session == nil || o.tx == nil {
		return nil, noSuchTransaction(number(o.command, "txnNumber"))
	}
	s.abort(o.session)
	return bson.D{}, nil
}

// enterTransaction takes the global lock with the first write.
func (s *server) enterTransaction(ctx context.Context, tx *transaction) error {
	if tx.wrote.Load() {
		return nil
	}
	err := s.lock.enter(ctx)
	tx.wrote.Store(err == nil)
	return err
}
