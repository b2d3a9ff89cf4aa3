package quiescetest

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// planNothing: the fence has no part in the plan, and what a flush sets is
// neither set by the plan nor unset by the release of what was only planned.
func planNothing(t *testing.T, s *suite) {
	session, before := s.open(t), s.server.Settings(t)
	plan, err := session.Plan(within(t), true, long)
	must(t, err)
	flush, err := session.Plan(within(t), false, long)
	must(t, err)
	if !reflect.DeepEqual(plan, flush) {
		t.Errorf("a fence that dies with its session, and the plan is %+v with it and %+v without", plan, flush)
	}
	must(t, session.Release(within(t), plan))
	if after := s.server.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
}

// planned is a session's plan of a fence.
func planned(t *testing.T, session quiesce.Session) []manifest.Held {
	t.Helper()
	plan, err := session.Plan(within(t), true, long)
	must(t, err)
	if len(plan) == 0 {
		t.Fatal("a fence that outlives its session is not planned")
	}
	return plan
}

// planChanges: planning changes nothing, neither does the release of what was
// only planned, and a flush alone leaves nothing behind.
func planChanges(t *testing.T, s *suite) {
	session, client := s.open(t), s.server.Client(t)
	before := s.server.Settings(t)
	plan := planned(t, session)
	must(t, client.Write(within(t)))
	for range 2 {
		must(t, session.Release(within(t), plan))
	}
	must(t, client.Write(within(t)))
	if after := s.server.Settings(t); after != before {
		t.Errorf("settings changed from\n%s\nto\n%s", before, after)
	}
	none, err := session.Plan(within(t), false, long)
	must(t, err)
	if len(none) > 0 {
		t.Errorf("without a fence, and the plan is %+v", none)
	}
}

// releaseElsewhere: another session releases by the plan alone, and more than
// once; the fence's own session does not take it for standing then.
func releaseElsewhere(t *testing.T, s *suite) {
	session, other := s.open(t), s.open(t)
	plan := planned(t, session)
	_, writer := fenced(t, s, session, long)
	blocked(t, s, writer)
	for range 2 {
		must(t, other.Release(within(t), plan))
	}
	must(t, result(t, "the write after the release", writer))
	if err := session.Ping(within(t)); !errors.Is(err, quiesce.ErrFence) {
		t.Errorf("ping after the release: got %v, want ErrFence", err)
	}
	must(t, s.server.Client(t).Write(within(t)))
}

func releaseUnknown(t *testing.T, s *suite) {
	err := s.open(t).Release(within(t), []manifest.Held{{Setting: "somebody else's", Ours: "1", Release: manifest.ByStatement}})
	if err == nil {
		t.Error("what nobody knows was released")
	}
}

// pingExtends: a fence that is pinged stands longer than its hold.
func pingExtends(t *testing.T, s *suite) {
	const hold = 4 * time.Second
	session := s.open(t)
	_, writer := fenced(t, s, session, hold)
	blocked(t, s, writer)
	began := time.Now()
	time.Sleep(hold / 2)
	must(t, session.Ping(within(t)))
	time.Sleep(time.Until(began.Add(hold + hold/8)))
	pending(t, "a write under the fence that was pinged", writer)
	must(t, session.Close())
	must(t, result(t, "the write after the fence", writer))
}

// neverInFlight: under any load there is nothing to wait for.
func neverInFlight(t *testing.T, s *suite) {
	ctx, stop := context.WithCancel(within(t))
	var written atomic.Int64
	var writers []<-chan error
	for range 3 {
		client := s.server.Client(t)
		writers = append(writers, background(func() error {
			for ctx.Err() == nil {
				if err := client.Write(within(t)); err != nil {
					return err
				}
				written.Add(1)
			}
			return nil
		}))
	}
	session := s.open(t)
	eventually(t, "the load writes", func() bool { return written.Load() > 10 })
	got, err := session.Drain(within(t), 0, quiesce.Abort)
	must(t, err)
	if got != (manifest.Transactions{}) {
		t.Errorf("transactions of nobody's: %+v", got)
	}
	stop()
	for _, w := range writers {
		must(t, result(t, "a writer", w))
	}
}

func cancelledBefore(t *testing.T, s *suite) {
	session := s.open(t)
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if _, err := session.Drain(ctx, limit, quiesce.Abort); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled drain: got %v, want context.Canceled", err)
	}
	must(t, session.Close())
	gone(t, s)
}
