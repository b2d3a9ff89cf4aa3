package fakemongod

import (
	"encoding/hex"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// dbHash: manual, "dbHash". A digest of each collection's documents in the
// order of their _id, and one of these; not the MD5 of mongod's.
func (s *server) dbHash(o *operation) (bson.D, error) {
	only := list(o.command, "collections")
	all, collections := fnv.New128a(), bson.D{}
	for _, name := range s.store.names(o.db) {
		if len(only) > 0 && !slices.Contains(only, any(name)) {
			continue
		}
		digest, err := s.store.digest(o.db + "." + name)
		if err != nil {
			return nil, err
		}
		all.Write([]byte(digest))
		collections = append(collections, bson.E{Key: name, Value: digest})
	}
	return bson.D{
		{Key: "host", Value: s.name()}, {Key: "collections", Value: collections},
		{Key: "md5", Value: hex.EncodeToString(all.Sum(nil))}, {Key: "timeMillis", Value: int32(0)},
	}, nil
}

func (s *store) digest(ns string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.collections[ns]
	sum := fnv.New128a()
	for _, key := range slices.Sorted(slices.Values(c.order)) {
		raw, err := bson.Marshal(c.docs[key].doc)
		if err != nil {
			return "", err
		}
		sum.Write(raw)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// InvalidName is a file in the data folder that names collections, one in a
// line: validate finds these damaged. The fake's own files cannot be damaged
// in a way that it would start with.
const InvalidName = "invalid.fake"

// validate: manual, "validate". A collection that is damaged is an answer with
// valid: false and its errors; one that is not there is an error.
func (s *server) validate(o *operation) (bson.D, error) {
	name, _ := o.command[0].Value.(string)
	if !slices.Contains(s.store.names(o.db), name) {
		return nil, fails(26, "NamespaceNotFound", "Collection '%s' does not exist to validate.", o.ns())
	}
	damaged, _ := os.ReadFile(filepath.Join(s.Folder, InvalidName)) // mostly there is none
	valid, problems := true, bson.A{}
	if slices.Contains(strings.Fields(string(damaged)), o.ns()) {
		valid, problems = false, bson.A{"the fake was told so"}
	}
	return bson.D{{Key: "ns", Value: o.ns()}, {Key: "valid", Value: valid}, {Key: "errors", Value: problems}, {Key: "warnings", Value: bson.A{}}}, nil
}
