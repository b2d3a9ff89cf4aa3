package sql

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/test/e2e/harness"
	"github.com/lull-containers/lull/test/ledger"
)

// What somebody else holds is respected and survives a checkpoint unchanged.
// (TestRedisThatIsPaused has Valkey's pause.)
func TestOthers(t *testing.T) {
	for _, k := range kinds() {
		if !k.is("mysql", "mariadb") {
			continue
		}
		t.Run(k.name(), func(t *testing.T) {
			s := k.run(t, harness.Shared(t), options{annotations: patient("lull/mode", "fence", "lull/require", "clean")})
			load := harness.LoadOn(t, s.store, trickle())
			load.Wait(t, 2)
			t.Run("long select", func(t *testing.T) { s.longSelect(t, load) })
			load.Check(t, ledger.Intact())
			s.locks(t)
			s.readOnly(t)
			s.Remove(t)
		})
	}
}

// session is one connection that holds something.
func (s *server) session(t *testing.T) *ledger.MySQLConn {
	t.Helper()
	my := ledger.MySQL{Addr: netip.MustParseAddrPort("127.0.0.1:3306"), Inside: s.InNetNS, User: "root", Password: harness.Canary}
	c, err := my.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// locks are of a backup, for example.
func (s *server) locks(t *testing.T) {
	t.Helper()
	locks := map[string]string{"FLUSH TABLES WITH READ LOCK": "UNLOCK TABLES"}
	if s.is("mysql") {
		locks["LOCK INSTANCE FOR BACKUP"] = "UNLOCK INSTANCE"
	} else {
		locks["BACKUP STAGE START"] = "BACKUP STAGE END"
	}
	for lock, unlock := range locks {
		t.Run(lock, func(t *testing.T) {
			holder := s.session(t)
			do(t, holder, lock)
			s.refused(t, "[lull:database]", "let it end")
			s.held(t, lock)
			do(t, holder, unlock)
			if m := s.checkpoint(t); m.Reached.Level != manifest.Clean {
				t.Errorf("after %s: %+v", unlock, m.Reached)
			}
		})
	}
}

// held sees that somebody's lock still keeps others away.
func (s *server) held(t *testing.T, lock string) {
	t.Helper()
	other := s.session(t)
	do(t, other, "SET SESSION lock_wait_timeout = 1")
	try := "CREATE TABLE ledger.kept_away (n int)"
	if lock == "BACKUP STAGE START" { // which keeps only other backups away
		try = "BACKUP STAGE START"
	}
	if _, err := other.ExecContext(t.Context(), try); err == nil || !strings.Contains(err.Error(), "1205") {
		t.Errorf("%s is gone: %v", lock, err)
	}
}

func do(t *testing.T, c *ledger.MySQLConn, statement string) {
	t.Helper()
	if _, err := c.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// readOnly servers are checkpointed, and stay as they are.
func (s *server) readOnly(t *testing.T) {
	t.Helper()
	settings := []string{"read_only"}
	if s.is("mysql") {
		settings = append(settings, "super_read_only")
	}
	for _, name := range settings {
		t.Run(name, func(t *testing.T) {
			s.query(t, "SET GLOBAL "+name+" = ON")
			m := s.checkpoint(t)
			if all := strings.Join(m.Reached.Warnings, "\n"); !strings.Contains(all, "read-only") {
				t.Errorf("warnings: %s", all)
			}
			if on := s.query(t, "SELECT @@GLOBAL."+name); on != "1" {
				t.Errorf("%s is %s", name, on)
			}
		})
	}
	s.query(t, "SET GLOBAL read_only = OFF")
}

// longSelect runs for a minute and more, holds the checkpoint up no more than
// anybody else, and goes on after it.
func (s *server) longSelect(t *testing.T, load *harness.Load) {
	reader := s.session(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	done := make(chan error, 1)
	go func() {
		_, err := reader.ExecContext(ctx, "SELECT SLEEP(600) FROM ledger.entry LIMIT 1")
		done <- err
	}()
	const running = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'`
	harness.Eventually(t, "the statement runs", func() bool { return s.query(t, running) == "1" })
	began := time.Now()
	m := s.checkpoint(t)
	if m.Reached.Level != manifest.Clean {
		t.Errorf("reached %+v", m.Reached)
	}
	load.Wait(t, 5)
	select {
	case err := <-done:
		t.Errorf("the statement has ended: %v", err)
	default:
	}
	t.Logf("a checkpoint and writes after it, beside the statement: %s", time.Since(began).Round(time.Millisecond))
	if s.query(t, running) != "1" {
		t.Error("the statement is gone")
	}
	s.query(t, "KILL "+s.query(t, "SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'"))
	<-done
}
