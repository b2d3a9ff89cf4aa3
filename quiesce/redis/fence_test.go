package redis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

// waits is true when a write does not get through.
func (s *server) waits(t *testing.T) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	err := s.connect(t, "application").Set(ctx, "touched", 1, 0).Err()
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Logf("a write: %v", err)
	}
	return err != nil
}

func (s *server) pause(t *testing.T) {
	t.Helper()
	must(t, s.connect(t, "harness").Do(within(t), "CLIENT", "PAUSE", time.Minute.Milliseconds(), "WRITE").Err())
}

func (s *server) unpause(t *testing.T) {
	t.Helper()
	must(t, s.connect(t, "harness").Do(within(t), "CLIENT", "UNPAUSE").Err())
}

// pausedUntil is a plan whose time is up then.
func pausedUntil(end time.Time) []manifest.Held {
	return []manifest.Held{{Setting: "CLIENT PAUSE WRITE", Ours: end.UTC().Format(time.RFC3339Nano), Release: manifest.ByExpiry}}
}

// A pause that was there already is left as it is, where it can be seen.
func TestPauseOfSomebodyElse(t *testing.T) {
	eachFenced(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		if !s.shows() {
			t.Skip("this server does not show a pause")
		}
		s.pause(t)
		session := open(t, s, s.Target())
		_, err := session.Preflight(within(t))
		is(t, err, quiesce.ErrBusy)
		_, err = session.Fence(within(t), time.Second)
		is(t, err, quiesce.ErrBusy)
		must(t, session.Release(within(t), pausedUntil(time.Now().Add(30*time.Second)))) // ours would be over by then
		must(t, session.Close())
		if !s.waits(t) {
			t.Error("somebody else's pause was lifted")
		}
	})
}

// What was ours is over after its time: what stands then is somebody else's.
func TestReleaseAfterItsTime(t *testing.T) {
	eachFenced(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		s.pause(t)
		session := open(t, s, s.Target())
		must(t, session.Release(within(t), pausedUntil(time.Now().Add(-time.Millisecond))))
		if !s.waits(t) {
			t.Fatal("a pause was lifted by a release that came too late")
		}
		must(t, session.Release(within(t), pausedUntil(time.Now().Add(2*time.Minute))))
		if s.waits(t) {
			t.Error("a pause of ours was not lifted")
		}
	})
}

// Who lifts our pause, writes and saves is noticed too: the count of changes is
// smaller then than it was.
func TestFenceThatSomebodyLiftsAndSaves(t *testing.T) {
	eachFenced(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		must(t, session.Ping(within(t)))
		s.unpause(t)
		s.write(t)
		must(t, s.connect(t, "harness").Save(within(t)).Err())
		s.pause(t)
		is(t, session.Ping(within(t)), quiesce.ErrFence)
		s.unpause(t)
	})
}

// Somebody who lifts our pause lets writers through, and Ping knows.
func TestFenceThatSomebodyLifts(t *testing.T) {
	eachFenced(t, []string{"--save", "3600", "1000000"}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		s.write(t)
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		must(t, session.Flush(within(t))) // a snapshot: changes count anew
		must(t, session.Ping(within(t)))
		s.unpause(t)
		s.write(t)
		s.pause(t)
		is(t, session.Ping(within(t)), quiesce.ErrFence)
		s.unpause(t)
	})
}

// Keys do not expire under the fence, so that the data stands still.
func TestFenceHoldsExpiryBack(t *testing.T) {
	eachFenced(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		session, c := open(t, s, s.Target()), s.connect(t, "application")
		must(t, c.Set(within(t), "goes", 1, 50*time.Millisecond).Err())
		_, err := session.Fence(within(t), time.Minute)
		must(t, err)
		time.Sleep(300 * time.Millisecond) // several rounds of the server's own expiry
		if n := s.info(t, "expired_keys"); n != "0" {
			t.Errorf("%s keys expired under the fence", n)
		}
		must(t, session.Ping(within(t)))
	})
}

func TestFenceThatCannotBe(t *testing.T) {
	each(t, []string{"--save", ""}, func(t *testing.T, s *server) {
		session := open(t, s, s.Target())
		is(t, session.Ping(within(t)), quiesce.ErrFence)
		if s.fences() {
			_, err := session.Fence(within(t), 0)
			is(t, err, quiesce.ErrFence)
			return
		}
		plan, err := session.Plan(within(t), true, time.Minute)
		must(t, err)
		_, err = session.Fence(within(t), time.Minute)
		is(t, err, quiesce.ErrUnsupported)
		if len(plan) > 0 || s.waits(t) {
			t.Errorf("plan %+v, and a write waits or not", plan)
		}
	})
}
