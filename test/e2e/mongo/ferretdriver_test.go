package mongo

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/quiescetest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// ferretDriver is the driver through its agent with a FerretDB: what it can, and
// what it refuses in words. The suite of all drivers needs fsync, which FerretDB
// lacks.
func ferretDriver(t *testing.T, db *harness.Mongo) {
	open := func(password string) (*agent.Client, error) {
		config := agent.Config{Binary: quiescetest.Binary(t), NetNS: fmt.Sprintf("/proc/%d/ns/net", db.PID(t)), Stderr: t.Output()}
		return agent.Start(within(t), config, quiesce.Target{Engine: quiesce.MongoDB, User: "postgres", Password: password,
			Listeners: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:27017")}})
	}
	if _, err := open("another"); !errors.Is(err, quiesce.ErrAuth) || strings.Contains(err.Error(), "\n") {
		t.Errorf("another password: %v", err)
	}
	session, err := open(harness.Canary)
	must(t, err)
	defer session.Close()
	for what, do := range map[string]func() error{
		"preflight": func() error { _, err := session.Preflight(within(t)); return err },
		"flush":     func() error { return session.Flush(within(t)) },
		"fence":     func() error { _, err := session.Fence(within(t), time.Second); return err },
	} {
		if err := do(); !errors.Is(err, quiesce.ErrUnsupported) || !strings.Contains(err.Error(), "command fsync") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := session.Drain(within(t), time.Second, quiesce.Abort); err != nil || got.AtStart != 0 {
		t.Errorf("drain: %+v, %v", got, err)
	}
	now, err := session.Evidence(within(t))
	if err != nil || now.Role != "standalone" || len(now.Identity) == 0 {
		t.Errorf("evidence: %+v, %v", now, err)
	}
	verdict, err := session.Verify(within(t), now)
	if err != nil || len(verdict.Broken) > 0 {
		t.Errorf("verify: %+v, %v", verdict, err)
	}
	ferretAnswers(t, db, session)
	must(t, session.Close())
}

// ferretAnswers asks validations of a real server that speaks the protocol.
func ferretAnswers(t *testing.T, db *harness.Mongo, session quiesce.Validator) {
	t.Helper()
	orders := bson.A{bson.D{{Key: "n", Value: 7}, {Key: "long", Value: strings.Repeat("x", 5000)}}, bson.D{{Key: "n", Value: 42}}}
	db.Command(t, "shop", bson.D{{Key: "insert", Value: "orders"}, {Key: "documents", Value: orders}})
	for query, want := range map[string]quiesce.Answer{
		`{"count": "orders", "$db": "shop"}`: {Value: "2"},
		`{"aggregate": "orders", "$db": "shop", "pipeline": [{"$group": {"_id": null, "highest": {"$max": "$n"}}}]}`:  {Value: "42"},
		`{"aggregate": "orders", "$db": "shop", "pipeline": [{"$match": {"n": {"$lt": 0}}}, {"$project": {"n": 1}}]}`: {Null: true},
	} {
		if a, err := session.Ask(within(t), query); err != nil || a != want {
			t.Errorf("%s: %+v, %v", query, a, err)
		}
	}
	for _, query := range []string{
		`{"aggregate": "orders", "$db": "shop", "pipeline": []}`,
		`{"aggregate": "orders", "$db": "shop", "pipeline": [{"$sort": {"n": 1}}, {"$project": {"long": 1}}, {"$limit": 1}]}`,
		`{"aggregate": "orders", "$db": "shop", "pipeline": [{"$nonsense": 1}]}`, `{"dbHash": 1, "$db": "shop"}`,
	} {
		a, err := session.Ask(within(t), query)
		if !errors.Is(err, quiesce.ErrUnsupported) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %+v, %v", query, a, err)
		}
	}
	if mark, err := session.Writes(within(t)); err != nil || mark != "" {
		t.Errorf("the mark of writes is %q, %v", mark, err)
	}
}
