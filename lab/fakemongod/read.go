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

// oplog shows the entries that match, from one end.
func (s *server) oplog(o *operation) (bson.D, error) {
	if s.Set == "" {
		return cursor(o.ns(), nil), nil
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	filter, limit := document(o.command, "filter"), number(o.command, "limit")
	all := slices.All(s.store.oplog)
	if number(document(o.command, "sort"), "$natural") < 0 {
		all = slices.Backward(s.store.oplog)
	}
	var docs []bson.D
	for _, e := range all {
		if at, ok := get(filter, "ts").(bson.Timestamp); ok && e.at != at {
			continue
		}
		if d := e.show(); matches(d, filter) {
			docs = append(docs, d)
		}
		if limit > 0 && int64(len(docs)) == limit {
			break
		}
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

// listDatabases: manual, "listDatabases", with nameOnly.
func (s *server) listDatabases(*operation) (bson.D, error) {
	var list bson.A
	for _, name := range s.store.databases() {
		list = append(list, bson.D{{Key: "name", Value: name}})
	}
	return bson.D{{Key: "databases", Value: list}}, nil
}

// listCollections: manual, "listCollections".
func (s *server) listCollections(o *operation) (bson.D, error) {
	var docs []bson.D
	for _, name := range s.store.names(o.db) {
		docs = append(docs, bson.D{{Key: "name", Value: name}, {Key: "type", Value: "collection"}})
	}
	return cursor(o.db+".$cmd.listCollections", docs), nil
}
