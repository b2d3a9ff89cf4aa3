package quiescetest

import (
	"errors"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

func preflight(t *testing.T, s *suite) {
	report, err := s.open(t).Preflight(within(t))
	must(t, err)
	if report.Version == "" || report.Role == "" {
		t.Errorf("the report lacks version or role: %+v", report)
	}
}

func flush(t *testing.T, s *suite) {
	must(t, s.server.Client(t).Write(within(t)))
	session := s.open(t)
	before := s.server.Flushed(t)
	must(t, session.Flush(within(t)))
	if after := s.server.Flushed(t); after == before && !s.traits.WritesThrough {
		t.Errorf("the flush did nothing: still at %s", after)
	}
}

func drainNothing(t *testing.T, s *suite) {
	got, err := s.open(t).Drain(within(t), time.Second, quiesce.Abort)
	must(t, err)
	if got.AtStart != 0 || got.InFlight != 0 {
		t.Errorf("transactions of nobody's: %+v", got)
	}
}

// writing is a client with an open transaction that has written.
func writing(t *testing.T, s *suite) Client {
	t.Helper()
	c := s.server.Client(t)
	must(t, c.Begin(within(t)))
	must(t, c.Write(within(t)))
	return c
}

// commits checks that a transaction was left alone, and that its row counts.
func commits(t *testing.T, s *suite, c Client) {
	t.Helper()
	before := rows(t, s.server)
	must(t, c.Commit(within(t)))
	if after := rows(t, s.server); after != before+1 {
		t.Errorf("%d rows before the commit, %d after", before, after)
	}
}

func rows(t *testing.T, s Server) int {
	t.Helper()
	n, err := s.Client(t).Rows(within(t))
	must(t, err)
	return n
}

func drainKeep(t *testing.T, s *suite) {
	client, session := writing(t, s), s.open(t)
	got, err := session.Drain(within(t), 20*time.Millisecond, quiesce.Keep)
	must(t, err)
	if got.AtStart != 1 || got.Drained != 0 || got.Terminated != 0 || got.InFlight != 1 {
		t.Errorf("one open transaction, kept: %+v", got)
	}
	n, err := session.InFlight(within(t))
	must(t, err)
	if n != 1 {
		t.Errorf("%d in flight, want 1", n)
	}
	commits(t, s, client)
}

func drainAbort(t *testing.T, s *suite) {
	client, session := writing(t, s), s.open(t)
	_, err := session.Drain(within(t), 20*time.Millisecond, quiesce.Abort)
	if !errors.Is(err, quiesce.ErrInFlight) {
		t.Errorf("an open transaction outlived the drain: got %v, want ErrInFlight", err)
	}
	commits(t, s, client)
}

func drainTerminate(t *testing.T, s *suite) {
	before := rows(t, s.server)
	client, session := writing(t, s), s.open(t)
	got, err := session.Drain(within(t), 20*time.Millisecond, quiesce.Terminate)
	must(t, err)
	if got.AtStart != 1 || got.Terminated != 1 || got.InFlight != 0 {
		t.Errorf("one open transaction, terminated: %+v", got)
	}
	if err := client.Commit(within(t)); err == nil {
		t.Error("a terminated transaction committed")
	}
	if after := rows(t, s.server); after != before {
		t.Errorf("%d rows before, %d after a terminated transaction", before, after)
	}
}

func drainWaits(t *testing.T, s *suite) {
	client, session := writing(t, s), s.open(t)
	drained := background(func() error {
		got, err := session.Drain(within(t), limit, quiesce.Abort)
		if err == nil && (got.Drained != got.AtStart || got.InFlight != 0) {
			t.Errorf("one transaction that commits: %+v", got)
		}
		return err
	})
	time.Sleep(50 * time.Millisecond) // lets the drain begin; the outcome is the same if it has not
	must(t, client.Commit(within(t)))
	must(t, result(t, "the drain", drained))
}
