package fakemongod

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// find: manual, "find". Filters are equalities; everything is in the first
// batch. The oplog shows its first and last entry's time.
func (s *server) find(o *operation) (bson.D, error) {
	if o.ns() == "local.oplog.rs" {
		return s.oplog(o)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	v := &view{store: s.store, tx: o.tx}
	found := v.find(o.ns(), document(o.command, "filter"))
	if n := number(o.command, "limit"); n > 0 && int64(len(found)) > n {
		found = found[:n]
	}
	return cursor(o.ns(), found), nil
}

func cursor(ns string, docs []bson.D) bson.D {
	batch := bson.A{}
	for _, d := range docs {
		batch = append(batch, d)
	}
	return bson.D{{Key: "cursor", Value: bson.D{{Key: "firstBatch", Value: batch}, {Key: "id", Value: int64(0)}, {Key: "ns", Value: ns}}}}
}

// oplog shows the first entry, the last, or the one of a given time.
func (s *server) oplog(o *operation) (bson.D, error) {
	if s.Set == "" {
		return cursor(o.ns(), nil), nil
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	entries := s.store.oplog
	found := entries[:1]
	if number(document(o.command, "sort"), "$natural") < 0 {
		found = entries[len(entries)-1:]
	}
	if at, ok := get(document(o.command, "filter"), "ts").(bson.Timestamp); ok {
		i, _ := slices.BinarySearchFunc(entries, at, func(e entry, t bson.Timestamp) int { return e.at.Compare(t) })
		found = entries[i:min(i+1, len(entries))]
		found = slices.DeleteFunc(slices.Clone(found), func(e entry) bool { return e.at != at })
	}
	var docs []bson.D
	for _, e := range found {
		docs = append(docs, bson.D{{Key: "ts", Value: e.at}, {Key: "t", Value: e.term}})
	}
	return cursor(o.ns(), docs), nil
}

// counts: manual, "count".
func (s *server) counts(o *operation) (bson.D, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	v := &view{store: s.store, tx: o.tx}
	return bson.D{{Key: "n", Value: int32(len(v.find(o.ns(), document(o.command, "query"))))}}, nil
}

// listCollections: manual, "listCollections".
func (s *server) listCollections(o *operation) (bson.D, error) {
	var docs []bson.D
	for _, name := range s.store.names(o.db) {
		docs = append(docs, bson.D{{Key: "name", Value: name}, {Key: "type", Value: "collection"}})
	}
	return cursor(o.db+".$cmd.listCollections", docs), nil
}
