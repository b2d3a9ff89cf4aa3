package quiescetest

import (
	"context"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// Run is the suite.
func Run(t *testing.T, h Harness) {
	server := h.Start(t)
	direct := func(ctx context.Context, _ *testing.T, target quiesce.Target) (quiesce.Session, error) {
		return h.Driver().Open(ctx, target)
	}
	t.Run("direct", func(t *testing.T) { all(t, &suite{h, server, traitsOf(h), direct}) })
	t.Run("agent", func(t *testing.T) { all(t, &suite{h, server, traitsOf(h), throughAgent}) })
}

// all is the list of what is asked of a driver.
func all(t *testing.T, s *suite) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			unless(t, c.unless(s.traits))
			c.run(t, s)
		})
	}
}

type testCase struct {
	name   string
	run    func(*testing.T, *suite)
	unless func(Traits) string // why it is not for these servers; empty: it is
}

func cases() []testCase {
	return []testCase{
		{"preflight", preflight, always},
		{"flush", flush, always},
		{"drain/nothing", drainNothing, always},
		{"drain/keep", drainKeep, transactions},
		{"drain/abort", drainAbort, transactions},
		{"drain/terminate", drainTerminate, transactions},
		{"drain/waits", drainWaits, transactions},
		{"drain/never-in-flight", neverInFlight, noTransactions},
		{"fence/holds", fenceHolds, fences},
		{"fence/retries", fenceRetries, queues},
		{"fence/refused", fenceRefused, queues},
		{"fence/cut", fenceCut, fences},
		{"fence/killed", fenceKilled, fences},
		{"fence/expires", fenceExpires, fences},
		{"fence/pinged", pingExtends, outlives},
		{"fence/leaves-nothing", fenceLeavesNothing, fences},
		{"plan/nothing", planNothing, notOutlives},
		{"plan/changes-nothing", planChanges, outlives},
		{"release/elsewhere", releaseElsewhere, outlives},
		{"release/unknown", releaseUnknown, outlives},
		{"evidence/stable", evidenceStable, always},
		{"ask/counts", askCounts, always},
		{"ask/refused", askRefused, always},
		{"verify/same", verifySame, always},
		{"verify/crashed", verifyCrashed, always},
		{"verify/other-identity", verifyOtherIdentity, always},
		{"verify/older", verifyOlder, always},
		{"verify/fenced", verifyFenced, fences},
		{"refusal/password", wrongPassword, always},
		{"refusal/starting", starting, always},
		{"refusal/nobody", nobodyListens, always},
		{"cancelled", cancelled, transactions},
		{"cancelled/before", cancelledBefore, noTransactions},
	}
}

// limit bounds a case that hangs; no case depends on it.
const limit = 2 * time.Minute

type opener func(context.Context, *testing.T, quiesce.Target) (quiesce.Session, error)

type suite struct {
	harness Harness
	server  Server
	traits  Traits
	opener  opener
}

// within is a context for one case.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// open opens a watched session with the suite's server, closed when t ends.
func (s *suite) open(t *testing.T) quiesce.Session {
	t.Helper()
	return s.openAt(t, s.server.Target())
}

func (s *suite) openAt(t *testing.T, target quiesce.Target) quiesce.Session {
	t.Helper()
	session, err := s.opener(within(t), t, target)
	must(t, err)
	w := &watched{Session: session, t: t, secret: secret(target)}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits, within the case's bound, for something to be so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx := within(t)
	for !so() {
		if ctx.Err() != nil {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// background runs f and gives its error later.
func background(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// result waits for a background function.
func result(t *testing.T, what string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		t.Fatalf("never ended: %s", what)
		return nil
	}
}

// pending fails the test if a background function has ended.
func pending(t *testing.T, what string, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("%s ended, with %v", what, err)
	default:
	}
}
