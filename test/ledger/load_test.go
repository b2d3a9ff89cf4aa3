package ledger

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"
)

// lab is a load against a store in memory.
type lab struct {
	*memStore
	log *Log
	run *Running
}

func startLab(t *testing.T, breakCommit func(int) (bool, bool)) lab {
	t.Helper()
	l := lab{memStore: newMemStore(), log: NewLog(nil)}
	l.breakCommit = breakCommit
	if err := l.Setup(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	var err error
	l.run, err = Load{Store: l, Log: l.log, Clients: 4, Accounts: 8, Pause: 200 * time.Microsecond, Retry: ms}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.run.Stop)
	return l
}

func (l lab) wait(t *testing.T, n int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := l.run.WaitAcked(ctx, n); err != nil {
		t.Fatal(err)
	}
}

func (l lab) check(t *testing.T, s State, x Expect) {
	t.Helper()
	r, err := Check(l.log.History(), s, x)
	if err != nil {
		t.Fatal(err)
	}
	if r.Err() != nil {
		t.Errorf("a correct database is accused:\n%s", r)
	}
}

func neverBroken(int) (bool, bool) { return false, false }

// sometimesBroken leaves about every tenth commit in doubt, half of them done.
func sometimesBroken(seed uint64) func(int) (bool, bool) {
	r := rand.New(rand.NewPCG(seed, seed))
	return func(int) (bool, bool) { return r.IntN(10) == 0, r.IntN(2) == 0 }
}

// A load goes on through a checkpoint, a kill, a rollback and another rollback;
// the checker follows at every point.
func TestLoadThroughRollbacks(t *testing.T) {
	for name, broken := range map[string]func(int) (bool, bool){"steady": neverBroken, "in doubt": sometimesBroken(7)} {
		t.Run(name, func(t *testing.T) {
			l := startLab(t, broken)
			l.wait(t, 10)
			start := l.log.Now()
			image := l.copy()
			end := l.log.Now()
			l.wait(t, 5)
			l.kill()
			l.check(t, l.copy(), Intact())
			l.check(t, image, AtCut(start, end))
			restored := l.log.Now()
			l.restore(image)
			l.wait(t, 5)
			l.kill()
			l.check(t, l.copy(), Continues(start, end, restored))
			again := l.log.Now()
			l.restore(image)
			l.wait(t, 5)
			l.run.Stop()
			l.check(t, l.copy(), Continues(start, end, again))
		})
	}
}

// The wrong image for a cut is noticed: one of before it, and one of after.
func TestLoadNoticesTheWrongImage(t *testing.T) {
	l := startLab(t, neverBroken)
	l.wait(t, 5)
	before := l.copy()
	l.wait(t, 2)
	start := l.log.Now()
	l.wait(t, 2)
	end := l.log.Now()
	l.wait(t, 2)
	after := l.copy()
	l.run.Stop()
	for name, s := range map[string]State{string(Missing): before, string(AfterCut): after} {
		r, err := Check(l.log.History(), s, AtCut(start, end))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Violations) == 0 {
			t.Errorf("%s: not noticed", name)
		}
		for _, v := range r.Violations {
			if string(v.Fault) != name {
				t.Errorf("%s: %v", name, v)
			}
		}
	}
}

// Two halves of different moments are noticed, wherever the cut is said to be.
func TestLoadNoticesATornImage(t *testing.T) {
	l := startLab(t, neverBroken)
	l.wait(t, 5)
	early := l.copy()
	l.wait(t, 5)
	l.wait(t, 5) // so that every client sent something after the other's acknowledgement
	late := l.copy()
	l.run.Stop()
	torn := State{Balances: map[int]int64{}}
	for _, half := range []struct {
		s    State
		even int
	}{{early, 0}, {late, 1}} {
		for _, r := range half.s.Rows {
			if r.Client%2 == half.even {
				torn.Rows = append(torn.Rows, r)
			}
		}
	}
	r, err := Check(l.log.History(), torn, AtCut(0, l.log.Now()))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Fault]bool{}
	for _, v := range r.Violations {
		seen[v.Fault] = true
	}
	if !seen[Skewed] || seen[Hole] || seen[Missing] {
		t.Errorf("faults %v\n%s", seen, r)
	}
}

func TestLoadNeedsClientsAndAccounts(t *testing.T) {
	for _, l := range []Load{{Clients: 0, Accounts: 2}, {Clients: 1, Accounts: 1}} {
		if _, err := l.Start(t.Context()); err == nil {
			t.Errorf("%d clients and %d accounts are accepted", l.Clients, l.Accounts)
		}
	}
}
