package mongodb_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/lab/fakemongod"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
)

// Questions are those of lull/validate.NAME.
func (s *server) Questions() quiescetest.Questions {
	return quiescetest.Questions{
		Count:   `{"count": "counted", "$db": "test"}`,
		Nothing: `{"aggregate": "nothing", "$db": "test", "pipeline": [{"$count": "n"}]}`,
		Refused: []string{
			`{"insert": "counted", "documents": [{}], "$db": "test"}`, `{"drop": "counted", "$db": "test"}`, `{"find": "counted", "$db": "test"}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$out": "other"}]}`, `{"aggregate": "counted", "$db": "test", "pipeline": [{"$merge": "other"}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$changeStream": {}}]}`, `{"aggregate": "counted", "$db": "test", "pipeline": [{}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$nonsense": 1}]}`, `{"aggregate": 1, "$db": "admin", "pipeline": [{"$currentOp": {}}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$limit": 1}, {"$project": {"a": {"$literal": [1]}}}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$limit": 1}, {"$project": {"a": {"$literal": 1}, "b": {"$literal": 2}}}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": [{"$limit": 1}, {"$project": {"a": {"$literal": "` + strings.Repeat("x", 2000) + `"}}}]}`,
			`{"aggregate": "counted", "$db": "test", "pipeline": {"$count": "n"}}`,
			`{"count": "counted"}`, `{"count": 1, "$db": "test"}`, `{"count": "counted", "$db": "test", "maxTimeMS": 0}`, `{"count": "counted", "$db": 1}`,
			`{"count": "counted", "$db": "test"} {"count": "counted", "$db": "test"}`, `{"count": "counted", "count": "other", "$db": "test"}`,
			`db.counted.countDocuments()`, `[]`, `{}`, `1`, "nonsense", "",
		},
	}
}

// Every kind of value is text that can be compared.
func TestAskValues(t *testing.T) {
	s := start(t, fakemongod.Options{})
	at, id := bson.NewDateTimeFromTime(time.Date(2026, 11, 30, 12, 0, 0, 7e6, time.UTC)), bson.NewObjectID()
	price, err := bson.ParseDecimal128("12.50")
	must(t, err)
	_, err = s.connect(t, "application").Database("shop").Collection("one").InsertOne(within(t), bson.D{
		{Key: "text", Value: "ä"}, {Key: "small", Value: int32(-3)}, {Key: "large", Value: int64(1) << 60}, {Key: "whole", Value: 5.0}, {Key: "double", Value: 0.1},
		{Key: "decimal", Value: price}, {Key: "yes", Value: true}, {Key: "at", Value: at}, {Key: "id", Value: id}, {Key: "none", Value: nil},
		{Key: "stamp", Value: bson.Timestamp{T: 7, I: 1}}, {Key: "list", Value: bson.A{1}}, {Key: "bytes", Value: []byte("x")},
	})
	must(t, err)
	target := s.Target()
	target.Env["MONGO_INITDB_DATABASE"] = "shop"
	v := opened(t, target).(quiesce.Validator)
	for name, want := range map[string]quiesce.Answer{
		"text": {Value: "ä"}, "small": {Value: "-3"}, "large": {Value: "1152921504606846976"}, "whole": {Value: "5"}, "double": {Value: "0.1"},
		"decimal": {Value: "12.50"}, "yes": {Value: "true"}, "at": {Value: "2026-11-30T12:00:00.007Z"}, "id": {Value: id.Hex()}, "none": {Null: true},
		"stamp": {Value: "7.1"}, "absent": {Null: true},
	} {
		a, err := v.Ask(within(t), `{"aggregate": "one", "pipeline": [{"$project": {"`+name+`": 1}}], "cursor": {}}`)
		if err != nil || a != want {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	for _, name := range []string{"list", "bytes"} {
		if a, err := v.Ask(within(t), `{"aggregate": "one", "pipeline": [{"$project": {"`+name+`": 1}}]}`); !errors.Is(err, quiesce.ErrUnsupported) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	highest, err := v.Ask(within(t), `{"aggregate": "one", "pipeline": [{"$group": {"_id": null, "highest": {"$max": "$small"}}}]}`)
	if err != nil || highest.Value != "-3" {
		t.Errorf("%+v, %v", highest, err)
	}
}

// The digest of a database is another one after a write.
func TestAskHash(t *testing.T) {
	s := start(t, fakemongod.Options{})
	client, v := s.Client(t), open(t, s).(quiesce.Validator)
	const query = `{"dbHash": 1, "$db": "test"}`
	before, err := v.Ask(within(t), query)
	must(t, err)
	must(t, client.Write(within(t)))
	after, err := v.Ask(within(t), query)
	must(t, err)
	if before == after || len(before.Value) != 32 {
		t.Errorf("%+v, then %+v", before, after)
	}
}

// A validation that cannot be asked refuses the checkpoint before anything is
// flushed.
func TestUnreadableValidation(t *testing.T) {
	s := start(t, fakemongod.Options{})
	target := s.Target()
	target.Labels = map[string]string{"validate.rows": "db.orders.countDocuments()", "validate.good": `{"count": "orders", "$db": "shop"}`}
	before := s.Flushed(t)
	_, err := opened(t, target).Preflight(within(t))
	is(t, err, quiesce.ErrUnsupported)
	if err == nil || !strings.Contains(err.Error(), "validation rows: it is no database command in JSON; ") {
		t.Errorf("%v", err)
	}
	if s.Flushed(t) != before {
		t.Error("it was flushed")
	}
}

// Who may read nothing is told what to grant, and has a mark of writes all the
// same.
func TestAskBlind(t *testing.T) {
	s := start(t, fakemongod.Options{Users: []fakemongod.User{{Name: "root", Password: canary, Blind: true}}})
	v := open(t, s).(quiesce.Validator)
	_, err := v.Ask(within(t), `{"count": "orders", "$db": "shop"}`)
	is(t, err, quiesce.ErrPrivilege)
	if err == nil || !strings.Contains(err.Error(), `db.getSiblingDB("admin").grantRolesToUser("root", [{role: "read", db: "shop"}])`) {
		t.Errorf("%v", err)
	}
	mark, err := v.Writes(within(t))
	if err != nil || !strings.HasPrefix(mark, "applied ") {
		t.Errorf("%q, %v", mark, err)
	}
}

// A server in no replica set has no mark of writes.
func TestWritesStandalone(t *testing.T) {
	s := serve(t, fakemongod.Options{})
	mark, err := open(t, s).(quiesce.Validator).Writes(within(t))
	if err != nil || mark != "" {
		t.Errorf("%q, %v", mark, err)
	}
}
