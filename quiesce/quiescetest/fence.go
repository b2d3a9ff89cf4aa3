package quiescetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lull-containers/lull/agent"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// long is a hold that no case outlives.
const long = 10 * limit

// fenced sets a fence in a session and lets a writer run into it.
func fenced(t *testing.T, s *suite, session quiesce.Session, hold time.Duration) ([]manifest.Held, <-chan error) {
	t.Helper()
	held, err := session.Fence(within(t), hold)
	must(t, err)
	if len(held) == 0 {
		t.Error("a fence that lists nothing that is held")
	}
	client := s.server.Client(t)
	return held, background(func() error { return client.Write(within(t)) })
}

func blocked(t *testing.T, s *suite, writer <-chan error) {
	t.Helper()
	eventually(t, "the writer waits for the fence", func() bool { return s.server.Waiting(t) > 0 })
	pending(t, "a write under the fence", writer)
}

func fenceHolds(t *testing.T, s *suite) {
	session, reader := s.open(t), s.server.Client(t)
	before := rows(t, s.server)
	_, writer := fenced(t, s, session, long)
	blocked(t, s, writer)
	must(t, session.Ping(within(t)))
	must(t, session.Flush(within(t)))
	if n, err := reader.Rows(within(t)); err != nil || n != before {
		t.Errorf("a reader under the fence sees %d rows, %v; want %d", n, err, before)
	}
	n, err := session.InFlight(within(t))
	must(t, err)
	if n != 0 {
		t.Errorf("%d write transactions in flight under the fence", n)
	}
	pending(t, "a write under the fence", writer)
	must(t, session.Close())
	must(t, result(t, "the write after the fence", writer))
}

// fenceRetries: a writer that holds the fence up must not hold others up.
func fenceRetries(t *testing.T, s *suite) {
	holder, other, session := writing(t, s), s.server.Client(t), s.open(t)
	idle := len(s.server.Residue(t))
	fence := background(func() error {
		_, err := session.Fence(within(t), long)
		return err
	})
	if !s.traits.FencePatient {
		eventually(t, "the fence is attempted", func() bool { return len(s.server.Residue(t)) > idle })
	}
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); { // several attempts' time
		must(t, other.Write(within(t)))
	}
	pending(t, "a fence beside an open write transaction", fence)
	must(t, holder.Commit(within(t)))
	must(t, result(t, "the fence", fence))
	must(t, session.Ping(within(t)))
}

func fenceRefused(t *testing.T, s *suite) {
	holder, session := writing(t, s), s.open(t)
	idle := len(s.server.Residue(t))
	ctx, cancel := context.WithTimeout(within(t), time.Second)
	defer cancel()
	if _, err := session.Fence(ctx, long); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("a fence beside a write transaction: got %v, want ErrFence", err)
	}
	eventually(t, "nothing of the fence is left", func() bool { return len(s.server.Residue(t)) <= idle })
	must(t, s.server.Client(t).Write(within(t)))
	if err := session.Ping(within(t)); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("ping without a fence: got %v, want ErrFence", err)
	}
	_, err := session.InFlight(within(t)) // the session goes on
	must(t, err)
	must(t, holder.Commit(within(t)))
}

// released lets a fence go that has lost its session, where that is left to
// others to do.
func (s *suite) released(t *testing.T, writer <-chan error, held []manifest.Held) {
	t.Helper()
	if !s.traits.FenceOutlives {
		return
	}
	pending(t, "a write under a fence that has lost its session", writer)
	other := s.open(t)
	must(t, other.Release(within(t), held))
	must(t, other.Close())
}

func fenceCut(t *testing.T, s *suite) {
	target, proxy := proxied(t, s.server.Target())
	session := s.openAt(t, target)
	held, writer := fenced(t, s, session, long)
	blocked(t, s, writer)
	proxy.cut()
	s.released(t, writer, held)
	must(t, result(t, "the write after the cut", writer))
	if err := session.Ping(within(t)); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("ping after the cut: got %v, want ErrFence", err)
	}
	gone(t, s)
}

func fenceKilled(t *testing.T, s *suite) {
	session, err := throughAgent(within(t), t, s.server.Target())
	must(t, err)
	held, writer := fenced(t, s, session, long)
	blocked(t, s, writer)
	must(t, session.(*agent.Client).Kill())
	s.released(t, writer, held)
	must(t, result(t, "the write after the kill", writer))
	if err := session.Ping(within(t)); !errors.Is(err, quiesce.ErrAgent) {
		t.Errorf("ping after the kill: got %v, want ErrAgent", err)
	}
	gone(t, s)
}

func fenceExpires(t *testing.T, s *suite) {
	session := s.open(t)
	_, writer := fenced(t, s, session, time.Second)
	must(t, result(t, "the write after the hold", writer))
	if err := session.Ping(within(t)); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("ping after the hold: got %v, want ErrFence", err)
	}
}

func fenceLeavesNothing(t *testing.T, s *suite) {
	before := s.server.Settings(t)
	session := s.open(t)
	_, err := session.Fence(within(t), long)
	must(t, err)
	if len(s.server.Residue(t)) == 0 {
		t.Error("a fence that the server knows nothing of")
	}
	must(t, session.Close())
	gone(t, s)
	if after := s.server.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
}

func gone(t *testing.T, s *suite) {
	t.Helper()
	eventually(t, "nothing of lull's is left on the server", func() bool { return len(s.server.Residue(t)) == 0 })
}
