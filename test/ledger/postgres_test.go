package ledger

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The whole of it with a real server, without CRIU: its processes are stopped,
// its files copied, it writes on, and a server started on the copy must be
// exactly the state at the cut, with the tutorial's answers.
func TestPostgreSQLAtTheCut(t *testing.T) {
	s := newPGServer(t)
	s.start(t, s.data())
	var acks bytes.Buffer
	log := NewLog(&acks)
	if err := errors.Join(s.Setup(t.Context(), 16), s.SetupTutorial(t.Context())); err != nil {
		t.Fatal(err)
	}
	run, err := Load{Store: s.Store(), Log: log, Clients: 4, Accounts: 16}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer run.Stop()
	l := lab{log: log, run: run}
	answers := tutorialAnswers(t, s)

	l.wait(t, 50)
	held, _, err := s.OpenTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp(t.Context(), held)
	start := log.Now()
	s.frozen(t, func() { copyFolder(t, s.data(), filepath.Join(s.dir, "copy")) })
	end := log.Now()
	l.wait(t, 50)
	s.stop(t)
	hangUp(t.Context(), held)

	s.start(t, s.data())
	l.wait(t, 5)
	run.Stop()
	l.check(t, readState(t, s), Intact())
	s.stop(t)

	s.start(t, filepath.Join(s.dir, "copy"))
	l.check(t, readState(t, s), AtCut(start, end))
	if got := tutorialAnswers(t, s); !slices.Equal(got, answers) {
		t.Errorf("the tutorial's answers changed:\n%v\n%v", answers, got)
	}
	checkDisk(t, log, &acks)
	t.Logf("%s", log.History().Stalls(start, end).Overall)
}

// The load goes on over a rollback, and pgbench with it.
func TestPostgreSQLContinues(t *testing.T) {
	s := newPGServer(t)
	s.start(t, s.data())
	log := NewLog(nil)
	if err := s.Setup(t.Context(), 16); err != nil {
		t.Fatal(err)
	}
	bench := startPgbench(t, s)
	run, err := Load{Store: s.Store(), Log: log, Clients: 3, Accounts: 16}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer run.Stop()
	l := lab{log: log, run: run}

	l.wait(t, 30)
	start := log.Now()
	s.frozen(t, func() { copyFolder(t, s.data(), filepath.Join(s.dir, "copy")) })
	end := log.Now()
	l.wait(t, 30)
	s.stop(t)
	restored := log.Now()
	s.start(t, filepath.Join(s.dir, "copy"))
	l.wait(t, 30)
	waitRestarted(t, bench)
	run.Stop()
	l.check(t, readState(t, s), Continues(start, end, restored))

	got := bench.Stop()
	if len(got.Errors) == 0 || slices.ContainsFunc(got.Errors, mentionsPassword) {
		t.Errorf("errors: %q", got.Errors)
	}
	t.Logf("pgbench: %d starts, about %d transactions, %d lines of errors", got.Starts, got.Transactions, len(got.Errors))
}

func mentionsPassword(s string) bool { return bytes.Contains([]byte(s), []byte(canary)) }

func startPgbench(t *testing.T, s *pgServer) *RunningPgbench {
	t.Helper()
	program, err := FindPgbench()
	if err != nil {
		t.Skip(err)
	}
	b := Pgbench{Server: s.PostgreSQL, Program: program, Scale: 1, Clients: 2, Jobs: 1}
	if err := b.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := b.Start(t.Context())
	t.Cleanup(func() { run.Stop() })
	return run
}

// waitRestarted waits until pgbench was started again and made progress since.
func waitRestarted(t *testing.T, b *RunningPgbench) {
	t.Helper()
	before := b.Result()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if now := b.Result(); now.Starts > 1 && now.Transactions > before.Transactions {
			return
		}
	}
	t.Errorf("pgbench did not come back: %+v", b.Result())
}

func readState(t *testing.T, s *pgServer) State {
	t.Helper()
	st, err := s.Store().Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func tutorialAnswers(t *testing.T, s *pgServer) []Answer {
	t.Helper()
	a, err := s.TutorialAnswers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a[0].Value != "1000" || a[1].Value != "1000" || a[4].Value != "0" {
		t.Errorf("the tutorial's table is not as it was made: %v", a)
	}
	return a
}

// checkDisk compares the log's two copies, and looks for the password.
func checkDisk(t *testing.T, log *Log, acks *bytes.Buffer) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if bytes.Contains(acks.Bytes(), []byte(canary)) {
		t.Error("the log has the password")
	}
	h, err := Decode(acks)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(h.Events, log.History().Events) {
		t.Error("the log in memory and the written one differ")
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Remove(filepath.Join(to, "postmaster.pid")); err != nil {
		t.Fatal(err)
	}
}
