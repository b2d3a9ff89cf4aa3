package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/freezer"
	"github.com/lull-containers/lull/manifest"
	"github.com/lull-containers/lull/quiesce"
)

var errDriver = errors.New("the driver fails")

// conversation is a session that fails in one call and counts its deaths.
type conversation struct {
	fails string
	pid   int
	dead  int

	plan, released []manifest.Held
	refuses        int // releases, before one succeeds
}

func (c *conversation) at(call string) error {
	if call == c.fails {
		return errDriver
	}
	return nil
}

func (c *conversation) Preflight(context.Context) (quiesce.Report, error) {
	return quiesce.Report{}, c.at("preflight")
}
func (c *conversation) Plan(context.Context, bool, time.Duration) ([]manifest.Held, error) {
	return c.plan, c.at("plan")
}
func (c *conversation) Release(_ context.Context, held []manifest.Held) error {
	if c.refuses--; c.refuses >= 0 {
		return errDriver
	}
	c.released = append(c.released, held...)
	return c.at("release")
}
func (c *conversation) Flush(context.Context) error { return c.at("flush") }
func (c *conversation) Drain(context.Context, time.Duration, quiesce.Policy) (manifest.Transactions, error) {
	return manifest.Transactions{}, c.at("drain")
}
func (c *conversation) Fence(context.Context, time.Duration) ([]manifest.Held, error) {
	if err := c.at("fence"); err != nil {
		return nil, err
	}
	return []manifest.Held{{Setting: "a lock"}}, nil
}
func (c *conversation) Ping(context.Context) error { return c.at("ping") }
func (c *conversation) Evidence(context.Context) (manifest.Database, error) {
	return manifest.Database{}, c.at("evidence")
}
func (c *conversation) InFlight(context.Context) (int, error) { return 0, c.at("in-flight") }
func (c *conversation) Verify(context.Context, manifest.Database) (quiesce.Verdict, error) {
	return quiesce.Verdict{}, nil
}
func (c *conversation) Close() error { return nil }
func (c *conversation) Pid() int     { return c.pid }
func (c *conversation) Kill() error  { c.dead++; return nil }

func (c *conversation) Begin() Opening { return opened{c, c.at("open")} }

// opened is open at once.
type opened struct {
	session Session
	err     error
}

func (o opened) Open(context.Context, quiesce.Target) (Session, error) { return o.session, o.err }
func (opened) Drop()                                                   {}

// calmed has a cut talk to its database.
func calmed(t *testing.T, k *Cut) {
	t.Helper()
	k.opening = k.sessions.Begin()
	k.calm(t.Context())
}

// still is a runtime whose container is this process; its freezer is a file.
type still struct{ freezer.File }

func (s still) Pid(context.Context) (int, error) { return os.Getpid(), nil }
func (s still) Freeze(context.Context) error {
	return os.WriteFile(string(s.File), []byte("FROZEN"), 0o600)
}
func (s still) Thaw(context.Context) error { return nil }
func (s still) Stop(context.Context) error { return nil }

// fenced is a cut with a fence in prospect of a container that listens.
func fencedCut(t *testing.T, s *conversation) *Cut {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	group := t.TempDir()
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	k := cut(t, config.Settings{Mode: modeFence, Require: "flushed"})
	k.pid, k.freezer = os.Getpid(), freezer.File(filepath.Join(group, "freezer.state"))
	k.runtime, k.sessions = still{k.freezer}, s
	return k
}

// A driver that fails anywhere costs the level and leaves no session, no claim
// of a fence, and its own error as the reason.
func TestQuiesceThatFails(t *testing.T) {
	for _, call := range []string{"open", "preflight", "flush", "drain", "evidence", "in-flight", "ping"} {
		t.Run(call, func(t *testing.T) {
			s := &conversation{fails: call, pid: os.Getpid()}
			k := fencedCut(t, s)
			calmed(t, k)
			if err := k.Freeze(t.Context()); err != nil {
				t.Fatal(err)
			}
			if k.level != manifest.CrashConsistent || k.fenced || k.held != nil || !errors.Is(k.reason, errDriver) {
				t.Errorf("level %s, fenced %t, held %v, reason %v", k.level, k.fenced, k.held, k.reason)
			}
			if want := 1; call != "open" && s.dead != want {
				t.Errorf("the session was ended %d times", s.dead)
			}
		})
	}
}

// A fence that falls before the freeze costs itself, not the flush, and writes
// that it did not hold back are counted at the last moment.
func TestFenceThatFalls(t *testing.T) {
	fallen := &fallible{conversation: conversation{pid: os.Getpid()}, ping: &quiesce.Refusal{Class: quiesce.ErrFence, What: "it is gone"}}
	k := fencedCut(t, &fallen.conversation)
	k.sessions = fallen
	calmed(t, k)
	if err := k.Freeze(t.Context()); err != nil {
		t.Fatal(err)
	}
	if k.level != manifest.Flushed || k.fenced || k.held != nil || !errors.Is(k.reason, quiesce.ErrFence) {
		t.Errorf("level %s, fenced %t, held %v, reason %v", k.level, k.fenced, k.held, k.reason)
	}
	late := &fallible{conversation: conversation{pid: os.Getpid()}, inFlight: []int{0, 1}}
	k = fencedCut(t, &late.conversation)
	k.sessions = late
	if calmed(t, k); k.tx.InFlight != 1 || k.level != manifest.Flushed || !k.fenced {
		t.Errorf("in flight %d, level %s, fenced %t, reason %v", k.tx.InFlight, k.level, k.fenced, k.reason)
	}
}

// fallible is a conversation whose pings fail, and that counts what is in
// flight anew each time.
type fallible struct {
	conversation
	ping     error
	inFlight []int
}

func (f *fallible) Begin() Opening             { return opened{f, nil} }
func (f *fallible) Ping(context.Context) error { return f.ping }
func (f *fallible) InFlight(context.Context) (n int, _ error) {
	if len(f.inFlight) > 0 {
		n, f.inFlight = f.inFlight[0], f.inFlight[1:]
	}
	return n, nil
}

// A fence that cannot be had costs the fence, not the flush.
func TestFenceThatFails(t *testing.T) {
	s := &conversation{fails: "fence", pid: os.Getpid()}
	k := fencedCut(t, s)
	calmed(t, k)
	if k.level != manifest.Flushed || k.fenced || k.held != nil || !errors.Is(k.reason, errDriver) || s.dead != 0 {
		t.Errorf("level %s, fenced %t, held %v, reason %v, dead %d", k.level, k.fenced, k.held, k.reason, s.dead)
	}
}

// holder is a process that holds one end of a connection, as an agent does.
func holder(t *testing.T) (pid int, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	f, err := near.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{f}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd.Process.Pid, far
}

// A fence counts only if its connections stood when the container did.
func TestFenceAtTheFreeze(t *testing.T) {
	tests := map[string]struct {
		spoil func(k *Cut, s *conversation, far net.Conn)
		want  manifest.Level
	}{
		"it stands":                   {func(*Cut, *conversation, net.Conn) {}, manifest.Clean},
		"its agent is gone":           {func(_ *Cut, s *conversation, _ net.Conn) { s.pid = 1 << 30 }, manifest.Flushed},
		"the server has hung up":      {func(_ *Cut, _ *conversation, far net.Conn) { far.Close() }, manifest.Flushed},
		"it was proven long before":   {func(k *Cut, _ *conversation, _ net.Conn) { k.proof = time.Now().Add(-fenceHold) }, manifest.Flushed},
		"a write transaction is open": {func(k *Cut, _ *conversation, _ net.Conn) { k.tx.InFlight = 1 }, manifest.Flushed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &conversation{}
			var far net.Conn
			s.pid, far = holder(t)
			k := fencedCut(t, s)
			calmed(t, k)
			if k.reason != nil {
				t.Fatal(k.reason)
			}
			tt.spoil(k, s, far)
			if err := k.Freeze(t.Context()); err != nil {
				t.Fatal(err)
			}
			if k.level != tt.want || (k.reason != nil) == k.fenced {
				t.Errorf("level %s, fenced %t, reason %v", k.level, k.fenced, k.reason)
			}
		})
	}
}

// The watchdog ends a capture that takes too long, and what the client is told
// is the watchdog's reason.
func TestPoisonEndsADumpUnderWay(t *testing.T) {
	k := cut(t, config.Settings{})
	ctx, done := k.stoppable(t.Context())
	defer done()
	began := make(chan bool)
	go func() { <-began; _ = k.Poison("too long") }()
	err := k.rec.run(ctx, k.unpoisoned([]step{
		{"capture", func(ctx context.Context) error { close(began); <-ctx.Done(); return nil }},
		{"dump", func(context.Context) error { t.Error("the next step began"); return nil }},
	}))
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}
