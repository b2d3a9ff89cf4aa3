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
	t.Run("direct", func(t *testing.T) { all(t, &suite{h, server, direct}) })
	t.Run("agent", func(t *testing.T) { all(t, &suite{h, server, throughAgent}) })
}

// all is the list of what is asked of a driver.
func all(t *testing.T, s *suite) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"preflight", preflight},
		{"flush", flush},
		{"drain/nothing", drainNothing},
		{"drain/keep", drainKeep},
		{"drain/abort", drainAbort},
		{"drain/terminate", drainTerminate},
		{"drain/waits", drainWaits},
		{"fence/holds", fenceHolds},
		{"fence/retries", fenceRetries},
		{"fence/refused", fenceRefused},
		{"fence/cut", fenceCut},
		{"fence/killed", fenceKilled},
		{"fence/expires", fenceExpires},
		{"fence/leaves-nothing", fenceLeavesNothing},
		{"evidence/stable", evidenceStable},
		{"verify/same", verifySame},
		{"verify/crashed", verifyCrashed},
		{"verify/other-identity", verifyOtherIdentity},
		{"verify/older", verifyOlder},
		{"verify/fenced", verifyFenced},
		{"refusal/password", wrongPassword},
		{"refusal/starting", starting},
		{"refusal/nobody", nobodyListens},
		{"cancelled", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, s) })
	}
}

// limit bounds a case that hangs; no case depends on it.
const limit = time.Minute

type opener func(context.Context, *testing.T, quiesce.Target) (quiesce.Session, error)

type suite struct {
	harness Harness
	server  Server
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
