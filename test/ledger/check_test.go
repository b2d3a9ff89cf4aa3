package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

// scene is a made-up history, written down event by event.
type scene struct {
	h       History
	s       State
	last    map[int]int64 // number of a client's latest entry that is there
	attempt int64
}

func newScene() *scene {
	return &scene{s: State{Balances: map[int]int64{0: 0, 1: 0, 2: 0}}, last: map[int]int64{}}
}

func (sc *scene) event(at time.Duration, k Kind, e Entry) {
	sc.h.Events = append(sc.h.Events, Event{At: at, Kind: k, Entry: e})
}

// send records a commit that leaves at the given millisecond.
func (sc *scene) send(client int, seq int64, at int) Entry {
	sc.attempt++
	from := int(sc.attempt % 3)
	e := Entry{Client: client, Seq: seq, Attempt: sc.attempt, From: from, To: (from + 1) % 3, Amount: 10 + sc.attempt}
	sc.event(time.Duration(at)*ms, Sent, e)
	return e
}

func (sc *scene) answer(e Entry, k Kind, at int) { sc.event(time.Duration(at)*ms, k, e) }

func (sc *scene) keep(e Entry) Entry {
	if err := apply(&sc.s, e); err != nil {
		panic(err)
	}
	return e
}

// write is an acknowledged entry that is there: sent at the millisecond,
// answered one later.
func (sc *scene) write(client int, seq int64, at int) {
	e := sc.keep(sc.send(client, seq, at))
	sc.answer(e, Acked, at+1)
}

// three clients write 1..3 each in the first 90 ms; the cut lies in 100 … 200
// ms; around it client 0 is acknowledged and kept, client 1 gets no answer and
// is kept, client 2 is acknowledged in the cut's last moment and gone. After
// the cut client 0 writes on, and that is gone.
func cutScene() *scene {
	sc := newScene()
	for seq := range int64(3) {
		for client := range 3 {
			sc.write(client, seq+1, int(seq)*30+client*10)
		}
	}
	sc.write(0, 4, 110)
	lost := sc.keep(sc.send(1, 4, 120))
	sc.answer(lost, Lost, 125)
	gone := sc.send(2, 4, 190)
	sc.answer(gone, Acked, 195)
	after := sc.send(0, 5, 250)
	sc.answer(after, Acked, 251)
	return sc
}

var atCut = AtCut(100*ms, 200*ms)

// dropEntry takes an entry out, with its transfer or without.
func dropEntry(s *State, client int, seq int64, withTransfer bool) {
	i := slices.IndexFunc(s.Rows, func(r Row) bool { return r.Client == client && r.Seq == seq })
	attempt := s.Rows[i].Attempt
	s.Rows = slices.Delete(s.Rows, i, i+1)
	if !withTransfer {
		return
	}
	for _, l := range s.Legs {
		if l.Attempt == attempt {
			s.Balances[l.Account] -= l.Amount
		}
	}
	s.Legs = slices.DeleteFunc(s.Legs, func(l Leg) bool { return l.Attempt == attempt })
}

func TestCheckFindsPlantedViolations(t *testing.T) {
	tests := map[string]struct {
		expect Expect
		plant  func(sc *scene)
		want   []string // fault, client, number, account
	}{
		"clean": {atCut, func(*scene) {}, nil},
		"clean without what was in doubt": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 1, 4, true)
		}, nil},
		"clean with a client that never wrote": {atCut, func(sc *scene) {
			sc.event(300*ms, Connected, Entry{Client: 7})
		}, nil},
		"clean without what was sent before the cut and answered in it": {atCut, func(sc *scene) {
			sc.answer(sc.send(7, 1, 95), Acked, 130)
		}, nil},
		"hole that was acknowledged": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 1, 2, true)
		}, []string{"hole 1 2 -1", "lost 1 2 -1"}},
		"hole below what was in doubt": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 1, 3, true)
			dropEntry(&sc.s, 1, 2, true)
		}, []string{"hole 1 2 -1", "lost 1 2 -1", "lost 1 3 -1"}},
		"first entry gone": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 2, 1, true)
		}, []string{"hole 2 1 -1", "lost 2 1 -1"}},
		"acknowledged entry lost at the end": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 2, 3, true)
		}, []string{"lost 2 3 -1"}},
		"all lost": {Intact(), func(sc *scene) {
			sc.h.Events = sc.h.Events[:2] // one entry, acknowledged
			sc.s = State{Balances: map[int]int64{0: 0}}
		}, []string{"lost 0 1 -1"}},
		"duplicate": {atCut, func(sc *scene) {
			sc.s.Rows = append(sc.s.Rows, sc.s.Rows[4])
		}, []string{"duplicate 1 2 -1"}},
		"write from after the cut": {atCut, func(sc *scene) {
			sc.keep(findEntry(sc, 0, 5))
		}, []string{"after-cut 0 5 -1"}},
		"write from after the cut that got no answer": {atCut, func(sc *scene) {
			sc.answer(sc.keep(sc.send(1, 5, 300)), Lost, 301)
		}, []string{"after-cut 1 5 -1"}},
		"acknowledged before another was sent, and gone": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 0, 4, true) // answered at 111 ms, client 1's was sent at 120 ms
		}, []string{"skewed 0 4 -1"}},
		"entry without its transfer": {atCut, func(sc *scene) {
			id := sc.s.Rows[3].Attempt
			sc.s.Legs = slices.DeleteFunc(sc.s.Legs, func(l Leg) bool { return l.Attempt == id })
		}, []string{"torn 0 2 -1", "balance -1 0 1", "balance -1 0 2"}},
		"half a transfer": {atCut, func(sc *scene) {
			sc.s.Balances[sc.s.Legs[0].Account] -= sc.s.Legs[0].Amount
			sc.s.Legs = sc.s.Legs[1:]
		}, []string{"torn 0 1 -1", "sum -1 0 -1"}},
		"half a transfer, balances whole": {atCut, func(sc *scene) {
			sc.s.Legs = sc.s.Legs[1:]
		}, []string{"torn 0 1 -1", "balance -1 0 1", "sum -1 0 -1"}},
		"transfer without its entry": {atCut, func(sc *scene) {
			dropEntry(&sc.s, 1, 4, false)
		}, []string{"torn 1 4 -1"}},
		"transfer of another amount": {atCut, func(sc *scene) {
			from, to := &sc.s.Legs[0], &sc.s.Legs[1]
			from.Amount, to.Amount = from.Amount-1, to.Amount+1
			sc.s.Balances[from.Account]--
			sc.s.Balances[to.Account]++
		}, []string{"torn 0 1 -1"}},
		"transfer twice": {atCut, func(sc *scene) {
			for _, l := range sc.s.Legs[:2] {
				sc.s.Legs = append(sc.s.Legs, l)
				sc.s.Balances[l.Account] += l.Amount
			}
		}, []string{"torn 0 1 -1"}},
		"wrong balance": {atCut, func(sc *scene) {
			sc.s.Balances[1] += 5
		}, []string{"balance -1 0 1", "sum -1 0 -1"}},
		"wrong balances that sum to zero": {atCut, func(sc *scene) {
			sc.s.Balances[1] += 5
			sc.s.Balances[2] -= 5
		}, []string{"balance -1 0 1", "balance -1 0 2"}},
		"account gone": {atCut, func(sc *scene) {
			sc.s.Balances[0] += sc.s.Balances[2]
			delete(sc.s.Balances, 2)
		}, []string{"balance -1 0 0", "balance -1 0 2"}},
		"accounts gone whose transfers cancel out": {atCut, func(sc *scene) {
			there := Entry{Client: 7, Seq: 1, Attempt: 71, From: 3, To: 4, Amount: 5}
			back := Entry{Client: 7, Seq: 2, Attempt: 72, From: 4, To: 3, Amount: 5}
			for _, e := range []Entry{there, back} {
				sc.event(50*ms, Sent, sc.keep(e))
				sc.answer(e, Acked, 51)
			}
			delete(sc.s.Balances, 3)
			delete(sc.s.Balances, 4)
		}, []string{"balance -1 0 3", "balance -1 0 4"}},
		"entry that nobody sent": {atCut, func(sc *scene) {
			sc.keep(Entry{Client: 2, Seq: 4, Attempt: 99, From: 0, To: 1, Amount: 3})
		}, []string{"stranger 2 4 -1"}},
		"transfer that nobody sent": {atCut, func(sc *scene) {
			sc.s.Legs = append(sc.s.Legs, legsOf(Entry{Attempt: 99, From: 0, To: 1, Amount: 3})...)
			sc.s.Balances[0] -= 3
			sc.s.Balances[1] += 3
		}, []string{"stranger -1 0 0"}},
		"entry under another number": {atCut, func(sc *scene) {
			i := slices.IndexFunc(sc.s.Rows, func(r Row) bool { return r.Client == 0 && r.Seq == 4 })
			sc.s.Rows[i].Seq = 5
		}, []string{"hole 0 4 -1", "stranger 0 5 -1"}},
		"entry numbered 0": {atCut, func(sc *scene) {
			i := slices.IndexFunc(sc.s.Rows, func(r Row) bool { return r.Client == 0 && r.Seq == 4 })
			sc.s.Rows[i].Seq = 0
		}, []string{"stranger 0 0 -1"}},
		"entry that was refused": {atCut, func(sc *scene) {
			sc.answer(sc.keep(sc.send(2, 4, 196)), Refused, 197)
		}, []string{"refused 2 4 -1", "skewed 2 4 -1"}},
		"intact": {Intact(), func(sc *scene) {
			sc.keep(findEntry(sc, 2, 4))
			sc.keep(findEntry(sc, 0, 5))
		}, nil},
		"not intact": {Intact(), func(*scene) {}, []string{"lost 2 4 -1", "lost 0 5 -1"}},
		"continues": {Continues(100*ms, 200*ms, 400*ms), func(sc *scene) {
			sc.write(0, 5, 410)
			sc.write(1, 5, 420)
			sc.write(2, 4, 430)
		}, nil},
		"continues, one client stuck": {Continues(100*ms, 200*ms, 400*ms), func(sc *scene) {
			sc.write(0, 5, 410)
			sc.write(1, 5, 420)
		}, []string{"stuck 2 0 -1"}},
		"continues, one client without an answer": {Continues(100*ms, 200*ms, 400*ms), func(sc *scene) {
			sc.write(0, 5, 410)
			sc.write(1, 5, 420)
			sc.answer(sc.keep(sc.send(2, 4, 430)), Lost, 431)
		}, []string{"stuck 2 0 -1"}},
		"continues, but lost what it acknowledged since": {Continues(100*ms, 200*ms, 400*ms), func(sc *scene) {
			sc.write(0, 5, 410)
			sc.write(1, 5, 420)
			sc.write(2, 4, 430)
			sc.write(2, 5, 440)
			dropEntry(&sc.s, 2, 5, true)
		}, []string{"lost 2 5 -1"}},
		"continues, on top of a write from after the cut": {Continues(100*ms, 200*ms, 400*ms), func(sc *scene) {
			sc.keep(findEntry(sc, 0, 5))
			sc.write(0, 6, 410)
			sc.write(1, 5, 420)
			sc.write(2, 4, 430)
		}, []string{"after-cut 0 5 -1"}},
		"rolled back twice to different cuts": {twice(200*ms, 400*ms, 500*ms, 600*ms), func(sc *scene) {
			sc.write(0, 5, 410)
			sc.answer(sc.send(1, 5, 550), Acked, 560)
			sc.answer(sc.send(0, 6, 590), Acked, 591)
		}, nil},
		"rolled back twice, entry between the cuts lost": {twice(200*ms, 400*ms, 500*ms, 600*ms), func(sc *scene) {
			sc.answer(sc.send(0, 5, 410), Acked, 411)
		}, []string{"lost 0 5 -1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sc := cutScene()
			tt.plant(sc)
			r, err := Check(sc.h, sc.s, tt.expect)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, faults(r)); diff != "" {
				t.Errorf("faults (-want +got):\n%s\n%s", diff, r)
			}
			if (r.Err() != nil) != (tt.want != nil) {
				t.Errorf("Err() = %v", r.Err())
			}
		})
	}
}

// twice is a cut that ended at the first instant with its restore at the
// second, then another of each.
func twice(end1, restored1, end2, restored2 time.Duration) Expect {
	return Expect{Rollbacks: []Rollback{
		{CutStart: end1 - 100*ms, CutEnd: end1, Restored: restored1},
		{CutStart: end2 - 10*ms, CutEnd: end2, Restored: restored2},
	}}
}

func findEntry(sc *scene, client int, seq int64) Entry {
	i := slices.IndexFunc(sc.h.Events, func(e Event) bool { return e.Client == client && e.Seq == seq })
	return sc.h.Events[i].Entry
}

func faults(r *Report) []string {
	var out []string
	for _, v := range r.Violations {
		out = append(out, fmt.Sprint(v.Fault, " ", v.Client, " ", v.Seq, " ", v.Account))
	}
	return out
}

func TestCheckRefusesWhatMakesNoSense(t *testing.T) {
	e := Entry{Client: 1, Seq: 1, Attempt: 1, From: 0, To: 1, Amount: 5}
	other := e
	other.Amount = 6
	tests := map[string]struct {
		events []Event
		expect Expect
	}{
		"cut ends before it starts":   {nil, AtCut(2*ms, 1*ms)},
		"restored before the cut":     {nil, Continues(1*ms, 3*ms, 2*ms)},
		"negative cut":                {nil, AtCut(-1, 0)},
		"sent twice":                  {[]Event{{Kind: Sent, Entry: e}, {Kind: Sent, Entry: e}}, Intact()},
		"acknowledged, never sent":    {[]Event{{Kind: Acked, Entry: e}}, Intact()},
		"acknowledged twice":          {[]Event{{Kind: Sent, Entry: e}, {Kind: Acked, Entry: e}, {Kind: Acked, Entry: e}}, Intact()},
		"acknowledged as another one": {[]Event{{Kind: Sent, Entry: e}, {Kind: Acked, Entry: other}}, Intact()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if r, err := Check(History{Events: tt.events}, State{}, tt.expect); err == nil {
				t.Errorf("no error, but a report:\n%s", r)
			}
		})
	}
}

func TestReportCounts(t *testing.T) {
	sc := cutScene()
	r, err := Check(sc.h, sc.s, atCut)
	if err != nil {
		t.Fatal(err)
	}
	want := []ClientReport{
		{Client: 0, Sent: 5, Required: 3, K: 4, InDoubt: 1, Kept: 1},
		{Client: 1, Sent: 4, Required: 3, K: 4, InDoubt: 1, Kept: 1},
		{Client: 2, Sent: 4, Required: 3, K: 3, InDoubt: 1, Kept: 0},
	}
	if diff := cmp.Diff(want, r.Clients); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
	if got, want := r.Cuts[0].String(), "between 120.0 ms and 195.0 ms"; got != want {
		t.Errorf("the cut lay %s, not %s", got, want)
	}
}
