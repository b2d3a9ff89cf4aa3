package ledger

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"testing"
	"time"
)

// newRedis starts this machine's Redis, or skips the test without one.
func newRedis(t *testing.T) Redis {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH")
	}
	port := freePort(t)
	cmd := exec.Command(program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", canary, "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	r := Redis{Addr: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), Password: canary}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := r.Connect(t.Context())
		if err == nil {
			conn.Close()
			return r
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// A load, its connections cut in the middle, and what the judge makes of it.
func TestRedisKeepsALedger(t *testing.T) {
	r := newRedis(t)
	store := r.Store()
	if err := store.Setup(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	log, err := CreateLog(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	run, err := Load{Store: store, Log: log, Clients: 3, Accounts: 8}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wait := func() {
		t.Helper()
		if err := run.WaitAcked(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
	}
	wait()
	admin, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for range 5 {
		if err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		wait()
	}
	run.Stop()
	state, err := store.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	report, err := Check(log.History(), state, Intact())
	if err != nil {
		t.Fatal(err)
	}
	if report.Err() != nil || len(state.Rows) < 150 {
		t.Errorf("%d entries: %s", len(state.Rows), report)
	}
}

// Of two connections of one client, the one that comes second is refused.
func TestRedisRefusesASecondWriter(t *testing.T) {
	store := newRedis(t).Store()
	if err := store.Setup(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	var two [2]Session
	for i := range two {
		s, err := store.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		two[i] = s
		if err := s.Stage(t.Context(), Entry{Client: 1, Seq: 1, Attempt: int64(i), From: 0, To: 1, Amount: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if err := two[0].Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two[1].Commit(t.Context()); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
	state, err := store.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Rows) != 1 || len(state.Legs) != 2 || state.Balances[1] != 5 || state.Rows[0].Attempt != 0 {
		t.Errorf("state: %+v", state)
	}
}
