package quiescetest

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/lull-containers/lull/quiesce"
)

// refuses expects Open to fail with a class and without the password.
func (s *suite) refuses(t *testing.T, target quiesce.Target, class error) {
	t.Helper()
	session, err := s.opener(within(t), t, target)
	if err == nil {
		_ = session.Close()
	}
	if !errors.Is(err, class) {
		t.Fatalf("got %v, want %v", err, class)
	}
	tells(t, secret(target), err.Error())
}

func wrongPassword(t *testing.T, s *suite) {
	target := s.server.Target()
	target.Password = "not-the-canary-password"
	s.refuses(t, target, quiesce.ErrAuth)
	gone(t, s)
}

func starting(t *testing.T, s *suite) {
	s.refuses(t, s.harness.Starting(t), quiesce.ErrNotReady)
}

// nobodyListens: neither no listener at all nor a port that nobody has.
func nobodyListens(t *testing.T, s *suite) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	free := netip.MustParseAddrPort(l.Addr().String())
	must(t, l.Close())
	target := s.server.Target()
	target.Listeners = []netip.AddrPort{free}
	s.refuses(t, target, quiesce.ErrNotReady)
	target.Listeners = nil
	s.refuses(t, target, quiesce.ErrNotReady)
}

// cancelled: a call ends with its context and leaves nothing locked.
func cancelled(t *testing.T, s *suite) {
	holder, session := writing(t, s), s.open(t)
	ctx, cancel := context.WithCancel(within(t))
	drain := background(func() error {
		_, err := session.Drain(ctx, limit, quiesce.Abort)
		return err
	})
	time.Sleep(20 * time.Millisecond) // whether it has begun or not, it ends
	cancel()
	if err := result(t, "a cancelled drain", drain); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled drain: got %v, want context.Canceled", err)
	}
	must(t, session.Close())
	must(t, holder.Commit(within(t)))
	gone(t, s)
}
