package mongo

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// Validations are asked under the fence, enforced by the restore, and shown.
func TestValidate(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, fenced("lull/require", "clean",
		"lull/validate.rows", `{"count": "orders", "$db": "shop"}`, "lull/validate.rows.op", "ge",
		"lull/validate.highest", `{"aggregate": "orders", "$db": "shop", "pipeline": [{"$group": {"_id": null, "highest": {"$max": "$n"}}}]}`,
		"lull/validate.all", `{"dbHash": 1, "$db": "shop"}`,
		"lull/validate.none", `{"aggregate": "returns", "$db": "shop", "pipeline": [{"$count": "n"}]}`))
	orders := bson.A{bson.D{{Key: "n", Value: 7}}, bson.D{{Key: "n", Value: 42}}}
	db.Command(t, "shop", bson.D{{Key: "insert", Value: "orders"}, {Key: "documents", Value: orders}})
	ref := checkpoint(t, db, true)
	m := d.Manifest(t, ref)
	want := map[string]string{"rows": "2", "highest": "42", "none": ""}
	for _, v := range m.Validations {
		answer, known := want[v.Name]
		if known && v.Answer != answer || !v.Comparable || v.Null != (v.Name == "none") {
			t.Errorf("%+v", v)
		}
	}
	if len(m.Validations) != 4 || m.Reached.Level != manifest.Clean {
		t.Fatalf("%d validations, %+v", len(m.Validations), m.Reached)
	}
	db.Command(t, "shop", bson.D{{Key: "drop", Value: "orders"}})
	db.Kill(t)
	db.Remove(t)
	d.Ctr(t, "containers", "restore", "--rw", "--live", db.ID, ref)
	db.WaitAnswer(t)
	checked := strings.Join(db.Record(t).Checked, "\n")
	for _, fact := range []string{`validation rows (ge): recorded "2", found "2"`, `validation highest (eq): recorded "42", found "42"`,
		"validation all (eq)", "validation none (eq): recorded nothing, found nothing"} {
		if !strings.Contains(checked, fact) || strings.Contains(checked, "not comparable") {
			t.Errorf("no %q, or something not comparable, in %s", fact, checked)
		}
	}
	db.Remove(t)
	db.NoTraces(t)
}

// One that is no command refuses the checkpoint whatever level is required, and
// nothing is flushed.
func TestValidateUnreadable(t *testing.T) {
	d := harness.Shared(t)
	db := run(t, annotations("lull/pause-budget", "1m", "lull/require", "crash-consistent", "lull/validate.rows", "db.orders.countDocuments()"))
	flushed := func() string { return fmt.Sprint(db.Admin(t, bson.D{{Key: "serverStatus", Value: 1}})["wiredTiger"]) }
	before := flushed()
	o := d.TryCtr(t, "tasks", "checkpoint", "--image-path", t.TempDir(), db.ID)
	refuses(t, o, "[lull:preflight]", "validation rows: it is no database command in JSON", `{"count": "orders", "$db": "shop"}`)
	if strings.Contains(strings.TrimSpace(o.Stderr), "\n") {
		t.Errorf("more than a line: %s", o.Stderr)
	}
	if after := flushed(); after != before {
		t.Errorf("it was flushed: %s, then %s", before, after)
	}
	db.Remove(t)
	db.NoTraces(t)
}
