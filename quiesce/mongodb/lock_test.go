package mongodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lull-containers/lull/lab/fakemongod"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/quiesce/mongodb"
)

func open(t *testing.T, s *server) quiesce.Session {
	t.Helper()
	return opened(t, s.Target())
}

func opened(t *testing.T, target quiesce.Target) quiesce.Session {
	t.Helper()
	session, err := mongodb.Driver{}.Open(within(t), target)
	must(t, err)
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// count is how often the server is locked: it is unlocked to be counted.
func (s *server) count(t *testing.T) (n int) {
	t.Helper()
	for ; s.locked(t); n++ {
		s.unlock(t)
	}
	return n
}

// A lock of somebody else's refuses, and stays as often as it was taken,
// whatever a session plans, tries and releases.
func TestLockOfSomebodyElse(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session := open(t, s)
	s.lock(t)
	s.lock(t)
	_, err := session.Preflight(within(t))
	is(t, err, quiesce.ErrBusy)
	plan, err := session.Plan(within(t), true, time.Minute)
	must(t, err)
	_, err = session.Fence(within(t), time.Minute)
	is(t, err, quiesce.ErrBusy)
	must(t, session.Release(within(t), plan))
	must(t, session.Close())
	if n := s.count(t); n != 2 || len(plan) > 0 {
		t.Errorf("two locks were somebody's, %d are left; plan %+v", n, plan)
	}
}

// A lock that comes after the plan and before the fence: ours is seen to be
// the second, is taken away at once, and the release takes no other.
func TestLockBetweenPlanAndFence(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session := open(t, s)
	plan, err := session.Plan(within(t), true, time.Minute)
	must(t, err)
	s.lock(t)
	_, err = session.Fence(within(t), time.Minute)
	is(t, err, quiesce.ErrBusy)
	must(t, session.Release(within(t), plan))
	must(t, session.Close())
	if n := s.count(t); n != 1 {
		t.Errorf("one lock was somebody's, %d are left", n)
	}
}

// A lock that comes on top of the fence is not taken away with it, however
// often the fence is released.
func TestLockOnTopOfTheFence(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session, other := open(t, s), open(t, s)
	held, err := session.Fence(within(t), time.Minute)
	must(t, err)
	s.lock(t)
	for range 2 {
		must(t, other.Release(within(t), held))
	}
	if n := s.count(t); n != 1 {
		t.Errorf("one lock was somebody's, %d are left", n)
	}
}

// A cold copy is not locked: a release there does nothing.
func TestReleaseOfACopy(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session := open(t, s)
	held, err := session.Fence(within(t), time.Minute)
	must(t, err)
	copied := s.Copy(t).(*server)
	must(t, open(t, copied).Release(within(t), held))
	must(t, copied.Client(t).Write(within(t)))
}

// Somebody unlocks ours, lets a write through and locks again: Ping knows.
func TestFenceThatSomebodyLifts(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session := open(t, s)
	_, err := session.Fence(within(t), time.Minute)
	must(t, err)
	must(t, session.Ping(within(t)))
	s.unlock(t)
	is(t, session.Ping(within(t)), quiesce.ErrFence)
	must(t, s.Client(t).Write(within(t)))
	s.lock(t)
	is(t, session.Ping(within(t)), quiesce.ErrFence)
	s.unlock(t)
}

// What cannot be checkpointed is refused, each in its own words.
func TestRefusals(t *testing.T) {
	limited := []fakemongod.User{{Name: "root", Password: canary, Actions: []string{"fsync"}}}
	for name, c := range map[string]struct {
		options fakemongod.Options
		class   error
		says    string
	}{
		"mongos":     {fakemongod.Options{Mongos: true}, quiesce.ErrUnsupported, "mongos"},
		"arbiter":    {fakemongod.Options{Arbiter: true}, quiesce.ErrUnsupported, "arbiter"},
		"recovering": {fakemongod.Options{State: "RECOVERING"}, quiesce.ErrNotReady, "RECOVERING"},
		"sync":       {fakemongod.Options{State: "STARTUP2"}, quiesce.ErrNotReady, "STARTUP2"},
		"privilege":  {fakemongod.Options{Users: limited}, quiesce.ErrPrivilege, `grantRolesToUser("root"`},
		"no fsync":   {fakemongod.Options{Lacks: []string{"fsync"}}, quiesce.ErrUnsupported, "command fsync"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.options)
			err := attempt(t, s)
			is(t, err, c.class)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("no %q in %q", c.says, err)
			}
		})
	}
}

// attempt opens, looks and flushes.
func attempt(t *testing.T, s *server) error {
	t.Helper()
	session, err := mongodb.Driver{}.Open(within(t), s.Target())
	if err != nil {
		return err
	}
	defer session.Close()
	if _, err := session.Preflight(within(t)); err != nil {
		return err
	}
	return session.Flush(within(t))
}

func TestBackupCursor(t *testing.T) {
	s := start(t, fakemongod.Options{})
	s.fake.OpenBackupCursor(true)
	is(t, attempt(t, s), quiesce.ErrBusy)
	s.fake.OpenBackupCursor(false)
	must(t, attempt(t, s))
}

func TestEvidence(t *testing.T) {
	s := start(t, fakemongod.Options{})
	d, err := open(t, s).Evidence(within(t))
	must(t, err)
	for _, key := range []string{"applied_optime", "config_version", "last_stable_recovery_timestamp", "oplog_first", "oplog_last", "fsync_lock"} {
		if d.Position[key] == "" {
			t.Errorf("no %s in %v", key, d.Position)
		}
	}
	if d.Durability["default_write_concern"] != "w:majority" || d.Folders[0] != s.options.Folder || d.Role != "primary" {
		t.Errorf("evidence: %+v", d)
	}
	v, err := open(t, s).Verify(within(t), manifest.Database{Engine: "mysql"})
	must(t, err)
	if len(v.Broken) == 0 {
		t.Error("a MongoDB was taken for a MySQL")
	}
}

// A transaction that waits for the fence has written nothing, and is not in
// flight.
func TestQueuedTransactionIsNotInFlight(t *testing.T) {
	s := start(t, fakemongod.Options{})
	session := open(t, s)
	_, err := session.Fence(within(t), time.Minute)
	must(t, err)
	client := s.connect(t, "application") // whose waits the harness counts
	tx, err := client.StartSession()
	must(t, err)
	must(t, tx.StartTransaction())
	written := make(chan error, 1)
	go func() {
		_, err := client.Database("queued").Collection("c").InsertOne(mongo.NewSessionContext(context.Background(), tx), bson.D{{Key: "n", Value: 1}})
		written <- err
	}()
	for s.Waiting(t) == 0 {
		time.Sleep(time.Millisecond)
	}
	n, err := session.InFlight(within(t))
	must(t, err)
	if n != 0 {
		t.Errorf("%d are in flight", n)
	}
	must(t, session.Close())
	must(t, <-written)
	must(t, tx.AbortTransaction(within(t)))
}
