package mongo

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lull-containers/lull/deep"
	"github.com/lull-containers/lull/lab/fakemongod"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// damaged is the exit code of docs/EXIT_CODES.md.
const damaged = 20

// The image's own programs start on a copy of what was captured and validate
// every collection: the fake, and its shell, which runs the script that a
// mongosh would.
func TestDeep(t *testing.T) {
	db := run(t, annotations("lull/pause-budget", "1m"))
	db.Command(t, "shop", bson.D{{Key: "insert", Value: "orders"}, {Key: "documents", Value: bson.A{bson.D{{Key: "n", Value: 7}}}}})
	code, found := verifyDeep(t, db)
	if code != 0 || !is(found, "recovery", deep.OK) || !is(found, "validate", deep.OK) {
		t.Errorf("whole: exit code %d: %+v", code, found)
	}
	if err := os.WriteFile(filepath.Join(db.Volume, fakemongod.InvalidName), []byte("shop.orders\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, found = verifyDeep(t, db)
	if code != damaged || !is(found, "validate", deep.Failed) {
		t.Errorf("damaged: exit code %d: %+v", code, found)
	}
	db.Remove(t)
	db.NoTraces(t)
}

// FerretDB's documents are in its PostgreSQL, whose own programs check it.
func TestFerretDeep(t *testing.T) {
	harness.Full(t)
	db := ferret(t, quiesce.Postgres)
	db.Command(t, "shop", bson.D{{Key: "insert", Value: "orders"}, {Key: "documents", Value: bson.A{bson.D{{Key: "n", Value: 7}}}}})
	code, found := verifyDeep(t, db)
	if code != 0 || !is(found, "recovery", deep.OK) || !is(found, "amcheck", deep.OK) {
		t.Errorf("exit code %d: %+v", code, found)
	}
	db.Remove(t)
	db.NoTraces(t)
}

func is(found []deep.Finding, check string, outcome deep.Outcome) bool {
	return slices.ContainsFunc(found, func(f deep.Finding) bool { return f.Check == check && f.Outcome == outcome })
}

// verifyDeep takes a checkpoint and has it verified.
func verifyDeep(t *testing.T, db *harness.Mongo) (code int, found []deep.Finding) {
	t.Helper()
	return db.Daemon.VerifyDeep(t, checkpoint(t, db, true))
}
