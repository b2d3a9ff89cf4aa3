package fakemongod

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// writing runs a write in the global lock, and commits it unless it belongs to
// a transaction. Without one it tries again after a conflict, as mongod does.
func (s *server) writing(ctx context.Context, o *operation, f func(*view) error) error {
	if s.State != "" || s.Arbiter {
		return fails(10107, "NotWritablePrimary", "not primary")
	}
	s.waiting(o, true)
	defer s.waiting(o, false)
	if o.tx != nil {
		if err := s.enterTransaction(ctx, o.tx); err != nil {
			return interrupted()
		}
		s.waiting(o, false)
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		return f(&view{store: s.store, tx: o.tx})
	}
	for {
		err := s.writeOnce(ctx, f)
		var e *failure
		if !errors.As(err, &e) || e.code != 112 {
			return err
		}
		select {
		case <-ctx.Done():
			return interrupted()
		case <-time.After(time.Millisecond):
		}
	}
}

func interrupted() error { return fails(11601, "Interrupted", "operation was interrupted") }

func (s *server) writeOnce(ctx context.Context, f func(*view) error) error {
	if err := s.lock.enter(ctx); err != nil {
		return interrupted()
	}
	defer s.lock.leave()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	v := &view{store: s.store}
	if err := f(v); err != nil || len(v.pending) == 0 {
		return err
	}
	return s.store.commitLocked(v.pending)
}

// insert: manual, "insert". The documents of one command are one write here.
func (s *server) insert(ctx context.Context, o *operation) (bson.D, error) {
	ns, docs := o.ns(), list(o.command, "documents")
	err := s.writing(ctx, o, func(v *view) error {
		for _, each := range docs {
			doc, _ := each.(bson.D)
			if get(doc, "_id") == nil {
				doc = append(bson.D{{Key: "_id", Value: bson.NewObjectID()}}, doc...)
			}
			id := get(doc, "_id")
			if len(v.find(ns, bson.D{{Key: "_id", Value: id}})) > 0 {
				return fails(11000, "DuplicateKey", "E11000 duplicate key error collection: %s index: _id_", ns)
			}
			if err := v.put(ns, id, doc); err != nil {
				return err
			}
		}
		return nil
	})
	return bson.D{{Key: "n", Value: int32(len(docs))}}, err
}

// update: manual, "update". Filters are equalities; $set, $inc, $setOnInsert.
func (s *server) update(ctx context.Context, o *operation) (bson.D, error) {
	var n, modified int32
	var upserted bson.A
	err := s.writing(ctx, o, func(v *view) error {
		n, modified, upserted = 0, 0, nil
		for i, each := range list(o.command, "updates") {
			u, _ := each.(bson.D)
			found := v.find(o.ns(), document(u, "q"))
			if len(found) == 0 && truth(u, "upsert") {
				id, err := v.upsert(o.ns(), u)
				if err != nil {
					return err
				}
				n++
				upserted = append(upserted, bson.D{{Key: "index", Value: int32(i)}, {Key: "_id", Value: id}})
				continue
			}
			if !truth(u, "multi") && len(found) > 1 {
				found = found[:1]
			}
			for _, doc := range found {
				changed, err := updated(doc, document(u, "u"), false)
				if err == nil {
					err = v.put(o.ns(), get(doc, "_id"), changed)
				}
				if err != nil {
					return err
				}
				n++
				modified++
			}
		}
		return nil
	})
	d := bson.D{{Key: "n", Value: n}, {Key: "nModified", Value: modified}}
	if upserted != nil {
		d = append(d, bson.E{Key: "upserted", Value: upserted})
	}
	return d, err
}

func (v *view) upsert(ns string, u bson.D) (any, error) {
	doc, err := updated(document(u, "q"), document(u, "u"), true)
	if err != nil {
		return nil, err
	}
	if get(doc, "_id") == nil {
		doc = append(bson.D{{Key: "_id", Value: bson.NewObjectID()}}, doc...)
	}
	id := get(doc, "_id")
	if len(v.find(ns, bson.D{{Key: "_id", Value: id}})) > 0 { // it is there, and the filter asked for something else
		return nil, fails(11000, "DuplicateKey", "E11000 duplicate key error collection: %s index: _id_", ns)
	}
	return id, v.put(ns, id, doc)
}

// remover: manual, "delete".
func (s *server) remover(ctx context.Context, o *operation) (bson.D, error) {
	var n int32
	err := s.writing(ctx, o, func(v *view) error {
		n = 0
		for _, each := range list(o.command, "deletes") {
			d, _ := each.(bson.D)
			found := v.find(o.ns(), document(d, "q"))
			if number(d, "limit") == 1 && len(found) > 1 {
				found = found[:1]
			}
			for _, doc := range found {
				if err := v.put(o.ns(), get(doc, "_id"), nil); err != nil {
					return err
				}
				n++
			}
		}
		return nil
	})
	return bson.D{{Key: "n", Value: n}}, err
}

// drop: manual, "drop".
func (s *server) drop(ctx context.Context, o *operation) (bson.D, error) {
	return bson.D{}, s.writing(ctx, o, func(v *view) error {
		v.pending = append(v.pending, change{NS: o.ns(), Drop: true})
		return nil
	})
}

// ns is the collection that a command is about.
func (o *operation) ns() string {
	name, _ := o.command[0].Value.(string)
	return o.db + "." + name
}
