package mongodb

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/quiesce"
)

func TestLogin(t *testing.T) {
	for name, c := range map[string]struct {
		target quiesce.Target
		want   login
	}{
		"nobody":         {quiesce.Target{}, login{source: "admin", port: 27017}},
		"official":       {quiesce.Target{Env: map[string]string{"MONGO_INITDB_ROOT_USERNAME": "u", "MONGO_INITDB_ROOT_PASSWORD": "p"}}, login{user: "u", password: "p", source: "admin", port: 27017}},
		"bitnami":        {quiesce.Target{Env: map[string]string{"MONGODB_ROOT_PASSWORD": "p"}}, login{user: "root", password: "p", source: "admin", port: 27017}},
		"bitnami, named": {quiesce.Target{User: "root", Env: map[string]string{"MONGODB_ROOT_PASSWORD": "p"}}, login{user: "root", password: "p", source: "admin", port: 27017}},
		"another user": {quiesce.Target{User: "lull", Env: map[string]string{"MONGO_INITDB_ROOT_USERNAME": "u", "MONGO_INITDB_ROOT_PASSWORD": "p"}},
			login{user: "lull", source: "admin", port: 27017}},
		"said": {quiesce.Target{User: "lull", Password: "q", Database: "users", Args: []string{"mongod", "--port", "27018", "--tlsMode=requireTLS"},
			Env: map[string]string{"MONGO_INITDB_ROOT_USERNAME": "u", "MONGO_INITDB_ROOT_PASSWORD": "p"}}, login{user: "lull", password: "q", source: "users", port: 27018, secure: true}},
	} {
		if got := loginOf(c.target); got != c.want {
			t.Errorf("%s: not as wanted", name) // it holds a password
		}
	}
}

func TestBehind(t *testing.T) {
	for _, c := range []struct {
		was, is string
		behind  bool
	}{
		{"1:100.1", "1:100.1", false},
		{"1:100.1", "1:100.2", false},
		{"1:100.2", "1:100.1", true},
		{"2:100.1", "1:200.1", true},
		{"1:200.1", "2:100.1", false},
		{"1:4", "1:3", true},
		{"1:3", "2:1", false},
		{"1:100.1", "", true},
		{"", "1:100.1", false},
	} {
		if behind(c.was, c.is) != c.behind {
			t.Errorf("%q after %q: behind is %t", c.is, c.was, !c.behind)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		numbers []int32
		want    bool
	}{
		{[]int32{7, 0, 2, 0}, true}, {[]int32{7, 0, 1, 0}, false}, {[]int32{7, 1}, true}, {[]int32{8, 0, 0, 0}, true}, {[]int32{6, 0, 30}, false}, {nil, false},
	} {
		if got := (buildInfo{Numbers: c.numbers}).atLeast(7, 0, 2); got != c.want {
			t.Errorf("%v: %t", c.numbers, got)
		}
	}
}

// Whatever stands in a label is refused in one line, or is a command that
// reads, with nothing behind it that says otherwise.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"count": "orders", "$db": "shop"}`, `{"aggregate": "o", "pipeline": [{"$count": "n"}], "cursor": {}}`, `{"dbHash": 1}`,
		`{"aggregate": "o", "pipeline": [{"$out": "p"}]}`, `{"count": "o", "lsid": {}}`, `{"$db": "a", "count": "b"}`, "db.o.count()", "",
		`{"aggregate": "o", "pipeline": {"$match": {"at": {"$date": "2026-11-30T12:00:00Z"}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := parse(query, "usual")
		if err != nil {
			var r *quiesce.Refusal
			if !errors.As(err, &r) || r.Remedy == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		if _, reads := readers()[q.command[0].Key]; !reads || q.database == "" || !json.Valid([]byte(query)) {
			t.Errorf("%q is taken for %+v", query, q)
		}
		raw, err := bson.Marshal(q.command)
		if err != nil {
			t.Fatalf("%q: %v", query, err)
		}
		for _, key := range append(writers(), "$db", "lsid", "txnNumber", "writeConcern") {
			if _, err := bson.Raw(raw).LookupErr(key); err == nil {
				t.Errorf("%q has %s", query, key)
			}
		}
	})
}
