package e2e

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// What is MySQL's and MariaDB's own.
func TestDriverMySQL(t *testing.T) {
	for name, e := range engines() {
		my, ok := e.(mysqlEngine)
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := (&suite{my, harness.Shared(t)}).start(t)
			t.Run("somebody's-lock", func(t *testing.T) { somebodysLock(t, b, my) })
			t.Run("long-select", func(t *testing.T) { longSelect(t, b) })
			t.Run("fence-under-load", func(t *testing.T) { fenceUnderLoad(t, b) })
			t.Run("privileges", func(t *testing.T) { privileges(t, b) })
			t.Run("hurried-flush", func(t *testing.T) { hurriedFlush(t, b) })
			t.Run("died-in-flush", func(t *testing.T) { diedInFlush(t, b, my) })
			t.Run("writes-no-log", func(t *testing.T) { writesNoLog(t, b) })
			t.Run("out-of-time", func(t *testing.T) { flushOutOfTime(t, b) })
			t.Run("stalled", func(t *testing.T) { stalled(t, b) })
			t.Run("read-only", func(t *testing.T) { readOnlyServer(t, b) })
			if my.product == "mariadb" {
				t.Run("versioned", func(t *testing.T) { versioned(t, b) })
				t.Run("elsewhere", func(t *testing.T) { elsewhere(t, b) })
			}
		})
	}
}

func (b *boxed) open(t *testing.T, target quiesce.Target) quiesce.Session {
	t.Helper()
	s, err := b.driver().Open(within(t), target)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (b *boxed) observe(t *testing.T) speaker {
	t.Helper()
	c, err := b.connect(within(t), b.port, observer)
	must(t, err)
	t.Cleanup(c.close)
	return c
}

// somebodysLock: a lock that was there is respected, and survives.
func somebodysLock(t *testing.T, b *boxed, e mysqlEngine) {
	locks := map[string]string{"FLUSH TABLES WITH READ LOCK": "UNLOCK TABLES"}
	if e.product == "mysql" {
		locks["LOCK INSTANCE FOR BACKUP"] = "UNLOCK INSTANCE"
	} else {
		locks["BACKUP STAGE START"] = "BACKUP STAGE END"
	}
	for lock, unlock := range locks {
		holder, session := b.observe(t), b.open(t, b.Target())
		must(t, holder.exec(within(t), lock))
		if _, err := session.Preflight(within(t)); !errors.Is(err, quiesce.ErrBusy) {
			t.Errorf("%s: got %v, want ErrBusy", lock, err)
		}
		must(t, session.Close())
		must(t, holder.exec(within(t), unlock)) // no lock, no unlock
		again := b.open(t, b.Target())
		if _, err := again.Preflight(within(t)); err != nil {
			t.Errorf("after %s: %v", unlock, err)
		}
	}
}

// longSelect: a statement that runs for long holds neither the fence up nor,
// by the fence, anybody else.
func longSelect(t *testing.T, b *boxed) {
	app, reader, session := b.Client(t), b.observe(t), b.open(t, b.Target())
	must(t, app.Write(within(t)))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := reader.texts(ctx, "SELECT SLEEP(60) FROM counted.counted LIMIT 1")
		done <- err
	}()
	harness.Eventually(t, "the statement runs", func() bool {
		return len(b.ask(t, "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'harness' AND STATE = 'User sleep'")) > 0
	})
	short, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for range 3 {
		_, err := session.Fence(short, 30*time.Second)
		must(t, err)
		if _, err := app.Rows(short); err != nil {
			t.Errorf("a reader under the fence: %v", err)
		}
		must(t, session.Close())
		must(t, app.Write(short))
		session = b.open(t, b.Target())
	}
	select {
	case err := <-done:
		t.Errorf("the statement has ended: %v", err)
	default:
	}
	stop()
	<-done
}

// fenceUnderLoad: a moment for the fence is found among clients that write
// without a pause, and none of them is failed by it.
func fenceUnderLoad(t *testing.T, b *boxed) {
	load := harness.LoadOn(t, ledger.MySQL{
		Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), b.port), User: observer, Password: harness.Canary,
	}.Store(), ledger.Load{Clients: 3})
	load.Wait(t, 20)
	const times = 5
	for range times {
		session := b.open(t, b.Target())
		began := time.Now()
		_, err := session.Fence(within(t), 30*time.Second)
		must(t, err)
		took := time.Since(began)
		if n, err := session.InFlight(within(t)); n != 0 || err != nil {
			t.Errorf("%d in flight under the fence, %v", n, err)
		}
		must(t, session.Close())
		t.Logf("a fence after %s", took.Round(time.Millisecond))
		load.Wait(t, 5)
	}
	load.Check(t, ledger.Intact())
	failed := 0
	for _, e := range load.Log.History().Events {
		if e.Kind == ledger.Failed || e.Kind == ledger.Refused || e.Kind == ledger.Lost {
			t.Logf("a client met: %s", e.Error)
			failed++
		}
	}
	if failed > times { // MySQL may give up one transaction for an attempt
		t.Errorf("%d clients met an error", failed)
	}
	must(t, b.observe(t).exec(within(t), "DROP DATABASE ledger"))
}

// privileges: an account without any is told exactly what it lacks, and needs
// nothing else.
func privileges(t *testing.T, b *boxed) {
	admin := b.observe(t)
	const account = `'lull'@'%'`
	must(t, admin.exec(within(t), "CREATE USER "+account+" IDENTIFIED BY '"+harness.Canary+"'"))
	target := b.Target()
	target.User, target.Password = "lull", harness.Canary
	_, err := b.open(t, target).Preflight(within(t))
	var refusal *quiesce.Refusal
	if !errors.Is(err, quiesce.ErrPrivilege) || !errors.As(err, &refusal) || !strings.HasPrefix(refusal.Remedy, "GRANT ") {
		t.Fatalf("got %v, want ErrPrivilege with a GRANT", err)
	}
	root, err := b.connect(within(t), b.port, "")
	must(t, err)
	defer root.close()
	must(t, root.exec(within(t), refusal.Remedy))
	session := b.open(t, target)
	_, err = session.Preflight(within(t))
	must(t, err)
	must(t, session.Flush(within(t)))
	client := b.Client(t)
	must(t, client.Begin(within(t)))
	must(t, client.Write(within(t)))
	tx, err := session.Drain(within(t), 0, quiesce.Terminate)
	must(t, err)
	if tx.Terminated != 1 {
		t.Errorf("one open transaction, terminated: %+v", tx)
	}
	held, err := session.Fence(within(t), 30*time.Second)
	must(t, err)
	if len(held) == 0 || !strings.Contains(held[0].Setting, "on 2 tables") {
		t.Errorf("the fence holds %+v, and there are two tables", held)
	}
	recorded, err := session.Evidence(within(t))
	must(t, err)
	v, err := session.Verify(within(t), recorded)
	must(t, err)
	if len(v.Broken) > 0 {
		t.Errorf("broken: %q", v.Broken)
	}
}

// hurriedFlush: much to write is written, and the settings are as before.
func hurriedFlush(t *testing.T, b *boxed) {
	admin, before := b.observe(t), b.Settings(t)
	must(t, b.Client(t).Write(within(t)))
	for range 14 {
		must(t, admin.exec(within(t), `INSERT INTO counted.counted (filling) SELECT filling FROM counted.counted LIMIT 2000`))
	}
	session := b.open(t, b.Target())
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	must(t, session.Flush(ctx))
	if after := b.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
}

// diedInFlush: what a session that died had set is put back by another, from
// the plan alone; what somebody has set since is not.
func diedInFlush(t *testing.T, b *boxed, e mysqlEngine) {
	admin, session := b.observe(t), b.open(t, b.Target())
	plan, err := session.Plan(within(t), false, time.Minute)
	must(t, err)
	if e.product == "mariadb" {
		plan = []manifest.Held{{Setting: "innodb_max_dirty_pages_pct", Prior: "90.000000", Ours: "0", Release: manifest.ByStatement}}
	}
	before := b.Settings(t)
	for _, h := range plan {
		must(t, admin.exec(within(t), "SET GLOBAL "+h.Setting+" = "+h.Ours))
	}
	for range 2 {
		must(t, session.Release(within(t), plan))
	}
	if after := b.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
	must(t, admin.exec(within(t), "SET GLOBAL innodb_max_dirty_pages_pct = 55"))
	must(t, session.Release(within(t), plan))
	if now := b.ask(t, "SELECT @@GLOBAL.innodb_max_dirty_pages_pct"); !strings.HasPrefix(now[0], "55") {
		t.Errorf("somebody set 55 and it is %s", now)
	}
	must(t, admin.exec(within(t), "SET GLOBAL innodb_max_dirty_pages_pct = 90"))
	err = session.Release(within(t), []manifest.Held{{Setting: "x = 1; DROP DATABASE counted", Prior: "1", Ours: "1", Release: manifest.ByStatement}})
	if err == nil {
		t.Error("a setting that is none was released")
	}
}
