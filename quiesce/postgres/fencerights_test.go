package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// fencesWithTheRightsItIsTold: the plan of a fence says, before anything is
// done, what the account lacks, and that is enough and no more than that.
func fencesWithTheRightsItIsTold(t *testing.T, s *server, target quiesce.Target) {
	t.Helper()
	s.exec(t, "CREATE SCHEMA hidden", "CREATE TABLE hidden.table_of_its (n int)", "CREATE DATABASE closed", "REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
	session := open(t, target)
	for range 2 {
		_, err := session.Plan(within(t), true, time.Minute)
		var r *quiesce.Refusal
		if !errors.Is(err, quiesce.ErrPrivilege) || !errors.As(err, &r) || !strings.HasPrefix(r.Remedy, "GRANT ") {
			t.Fatalf("the plan of a fence without its rights: got %v, want ErrPrivilege with a GRANT", err)
		}
		if _, err := session.Fence(within(t), time.Minute); !errors.Is(err, quiesce.ErrPrivilege) || !strings.Contains(fmt.Sprint(err), r.Remedy) {
			t.Errorf("the fence: got %v, want ErrPrivilege with the same GRANT", err)
		}
		s.exec(t, r.Remedy)
	}
	_, err := session.Plan(within(t), true, time.Minute)
	must(t, err)
	_, err = session.Fence(within(t), time.Minute)
	must(t, err)
	if !held(t, s.connectTo(t, "postgres"), "INSERT INTO hidden.table_of_its VALUES (1)") {
		t.Error("a write goes through the fence")
	}
	must(t, session.Close())
}

// TestTimeoutsOfTheServers end no session of ours.
func TestTimeoutsOfTheServers(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		n, set := number(t, s), []string(nil)
		for name, since := range map[string]int{"idle_in_transaction_session_timeout": 0, "idle_session_timeout": 140000, "transaction_timeout": 170000} {
			if n >= since {
				set = append(set, "ALTER ROLE postgres SET "+name+" = '400ms'")
			}
		}
		s.exec(t, set...) // by one session, that began before
		session := open(t, s.Target())
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		time.Sleep(time.Second)
		must(t, session.Ping(within(t)))
		must(t, session.Flush(within(t)))
	})
}

// TestAPreparedTransaction that holds the fence up is named, with what ends it.
func TestAPreparedTransaction(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		s.exec(t, "CREATE TABLE counted (n serial PRIMARY KEY)")
		_, err := s.connectTo(t, "postgres").Exec(within(t), "BEGIN; INSERT INTO counted DEFAULT VALUES; PREPARE TRANSACTION 'it''s'")
		must(t, err)
		short, cancel := context.WithTimeout(within(t), time.Second)
		defer cancel()
		_, err = open(t, s.Target()).Fence(short, time.Minute)
		if !errors.Is(err, quiesce.ErrFence) || !strings.Contains(fmt.Sprint(err), "ROLLBACK PREPARED 'it''s'") {
			t.Errorf("got %v, want ErrFence that names the transaction", err)
		}
		s.exec(t, "ROLLBACK PREPARED 'it''s'")
	})
}

// TestMaterializedViews cannot be locked; the day they can, a fence should.
func TestMaterializedViews(t *testing.T) {
	each(t, nil, func(t *testing.T, s *server) {
		s.exec(t, "CREATE MATERIALIZED VIEW material AS SELECT 1 AS n")
		if _, err := s.connectTo(t, "postgres").Exec(within(t), "BEGIN; LOCK TABLE material IN SHARE MODE"); code(err) != "42809" {
			t.Errorf("got %v, want wrong_object_type", err)
		}
	})
}
