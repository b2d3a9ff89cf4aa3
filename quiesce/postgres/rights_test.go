package postgres_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// TestAnAccountWithoutRights is told the exact GRANT, and that is enough.
func TestAnAccountWithoutRights(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		s.exec(t, `CREATE ROLE "Ops user" LOGIN PASSWORD '`+canary+`'`, "CREATE TABLE counted (n serial PRIMARY KEY)")
		target := s.Target()
		target.User, target.Password = "Ops user", canary
		session := open(t, target)
		_, err := session.Preflight(within(t))
		if !errors.Is(err, quiesce.ErrPrivilege) {
			t.Fatalf("got %v, want ErrPrivilege", err)
		}
		_, remedy, _ := strings.Cut(err.Error(), "; ")
		sql, _, _ := strings.Cut(remedy, ", or name")
		s.exec(t, sql)
		session = open(t, target)
		_, err = session.Preflight(within(t))
		must(t, err)
		must(t, session.Flush(within(t)))
		_, err = session.Evidence(within(t))
		must(t, err)
		if strings.Contains(sql, "SUPERUSER") {
			return // it may do everything now
		}
		_, err = session.Plan(within(t), false, time.Minute)
		must(t, err)
		_, err = session.Fence(within(t), time.Minute)
		if !errors.Is(err, quiesce.ErrPrivilege) {
			t.Errorf("a fence without rights on the tables: got %v, want ErrPrivilege", err)
		}
		fencesWithTheRightsItIsTold(t, s, target)
		writer := s.Client(t)
		must(t, errors.Join(writer.Begin(within(t)), writer.Write(within(t))))
		_, err = session.Drain(within(t), 0, quiesce.Terminate)
		if !errors.Is(err, quiesce.ErrPrivilege) || !strings.Contains(fmt.Sprint(err), "GRANT pg_signal_backend") {
			t.Errorf("ending a superuser's session: got %v, want ErrPrivilege", err)
		}
		must(t, writer.Commit(within(t)))
	})
}

func TestPreflightRefusesABackup(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		if number(t, s) >= 150000 {
			t.Skip("exclusive backups are gone since PostgreSQL 15")
		}
		s.exec(t, "SELECT pg_start_backup('by hand', true)")
		if _, err := open(t, s.Target()).Preflight(within(t)); !errors.Is(err, quiesce.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		s.exec(t, "SELECT pg_stop_backup()")
		_, err := open(t, s.Target()).Preflight(within(t))
		must(t, err)
	})
}

func number(t *testing.T, s *server) (n int) {
	t.Helper()
	_, err := fmt.Sscan(s.texts(t, "SHOW server_version_num")[0], &n)
	must(t, err)
	return n
}

func TestPreflightRefusesIOUring(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		if number(t, s) < 180000 {
			t.Skip("io_method came with PostgreSQL 18")
		}
		if len(s.texts(t, "SELECT name FROM pg_settings WHERE name = 'io_method' AND 'io_uring' = ANY (enumvals)")) == 0 {
			t.Skip("this PostgreSQL was built without io_uring")
		}
		s.stop(t, os.Interrupt)
		s.start(t, "-c", "io_method=io_uring")
		_, err := open(t, s.Target()).Preflight(within(t))
		if !errors.Is(err, quiesce.ErrUnsupported) || !strings.Contains(fmt.Sprint(err), "io_method") {
			t.Errorf("got %v, want ErrUnsupported that names io_method", err)
		}
	})
}

// TestPreflightWarns of settings that weaken a cold start.
func TestPreflightWarns(t *testing.T) {
	each(t, []string{"-c", "synchronous_commit=off", "-c", "full_page_writes=off"}, func(t *testing.T, s *server) {
		report, err := open(t, s.Target()).Preflight(within(t))
		must(t, err)
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			if !strings.Contains(strings.Join(report.Warnings, "\n"), setting+"=off") {
				t.Errorf("the warnings lack %s: %q", setting, report.Warnings)
			}
		}
		if len(report.Warnings) != 3 {
			t.Errorf("warnings of more than that: %q", report.Warnings)
		}
	})
}

// TestNobodysDatabase: the one that the variables name may be gone.
func TestNobodysDatabase(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		target := s.Target()
		target.Database = "gone"
		must(t, open(t, target).Flush(within(t)))
	})
}
