package e2e

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/test/e2e/harness"
)

// writesNoLog: a checkpoint takes no GTID and writes nothing to the binary log.
// On a replica it would be a transaction that its source does not have.
func writesNoLog(t *testing.T, b *boxed) {
	session := b.open(t, b.Target())
	logged := func() map[string]string {
		d, err := session.Evidence(within(t))
		must(t, err)
		maps.DeleteFunc(d.Position, func(key, _ string) bool { return key != "binary_log" && !strings.HasPrefix(key, "gtid_") })
		if d.Position["binary_log"] == "" {
			t.Fatal("there is no binary log to look at")
		}
		return d.Position
	}
	before := logged()
	_, err := session.Preflight(within(t))
	must(t, err)
	must(t, session.Flush(within(t)))
	_, err = session.Fence(within(t), 30*time.Second)
	must(t, err)
	must(t, session.Flush(within(t)))
	if after := logged(); !maps.Equal(before, after) {
		t.Errorf("the binary log was at %v and is at %v", before, after)
	}
}

// versioned: a table that keeps its history is fenced like every other.
func versioned(t *testing.T, b *boxed) {
	admin, app, session := b.observe(t), b.observe(t), b.open(t, b.Target())
	must(t, admin.exec(within(t), "CREATE TABLE counted.kept (n int) WITH SYSTEM VERSIONING"))
	must(t, app.exec(within(t), "BEGIN"))
	must(t, app.exec(within(t), "INSERT INTO counted.kept VALUES (1)"))
	short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, err := session.Fence(short, 30*time.Second); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("beside a transaction that has written to the table: got %v, want ErrFence", err)
	}
	must(t, app.exec(within(t), "COMMIT"))
	_, err := session.Fence(within(t), 30*time.Second)
	must(t, err)
	must(t, app.exec(within(t), "SET SESSION lock_wait_timeout = 1"))
	if err := app.exec(within(t), "INSERT INTO counted.kept VALUES (2)"); err == nil {
		t.Error("the table was written to under the fence")
	}
	must(t, session.Close())
	must(t, admin.exec(within(t), "DROP TABLE counted.kept"))
}

// readOnlyServer: the account of the documentation is enough on a server that
// is read-only, which is respected, and somebody's lock is still seen.
func readOnlyServer(t *testing.T, b *boxed) {
	admin, holder := b.observe(t), b.observe(t)
	const account = `'reader'@'%'`
	must(t, admin.exec(within(t), "CREATE USER "+account+" IDENTIFIED BY '"+harness.Canary+"'"))
	target := b.Target()
	target.User, target.Password = "reader", harness.Canary
	var refusal *quiesce.Refusal
	if _, err := b.open(t, target).Preflight(within(t)); !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal with a GRANT", err)
	}
	root, err := b.connect(within(t), b.port, "")
	must(t, err)
	defer root.close()
	must(t, root.exec(within(t), refusal.Remedy))
	must(t, admin.exec(within(t), "SET GLOBAL read_only = ON"))
	defer func() { must(t, admin.exec(within(t), "SET GLOBAL read_only = OFF")) }()
	session := b.open(t, target)
	_, err = session.Preflight(within(t))
	must(t, err)
	must(t, session.Flush(within(t)))
	_, err = session.Fence(within(t), 30*time.Second)
	must(t, err)
	must(t, session.Close())
	must(t, holder.exec(within(t), "FLUSH TABLES WITH READ LOCK"))
	if _, err := b.open(t, target).Preflight(within(t)); !errors.Is(err, quiesce.ErrBusy) {
		t.Errorf("beside somebody's lock: got %v, want ErrBusy", err)
	}
	must(t, holder.exec(within(t), "UNLOCK TABLES"))
}
