package ledger

import (
	"testing"
	"time"
)

func TestStalls(t *testing.T) {
	sc := newScene()
	for _, at := range []int{10, 20, 100, 110} { // answered one later
		sc.write(0, sc.attempt+1, at)
	}
	sc.write(1, 1, 140)
	sc.event(200*ms, Failed, Entry{Client: 2})
	open := func(start, end int) Gap { return Gap{time.Duration(start) * ms, time.Duration(end) * ms, true} }
	shut := func(start, end int) Gap { return Gap{time.Duration(start) * ms, time.Duration(end) * ms, false} }
	tests := map[string]struct {
		start, end time.Duration
		overall    Gap
		client     []Gap
	}{
		"whole log":     {0, time.Hour, shut(21, 101), []Gap{open(111, 200), shut(0, 141), open(0, 200)}},
		"one operation": {95 * ms, 115 * ms, shut(21, 101), []Gap{open(111, 200), shut(0, 141), open(0, 200)}},
		"before it":     {0, 15 * ms, shut(0, 11), []Gap{shut(0, 11), shut(0, 141), open(0, 200)}},
		"short one":     {105 * ms, 108 * ms, shut(101, 111), []Gap{shut(101, 111), shut(0, 141), open(0, 200)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := sc.h.Stalls(tt.start, tt.end)
			if got.Overall != tt.overall {
				t.Errorf("overall %v, want %v", got.Overall, tt.overall)
			}
			for c, want := range tt.client {
				if got.ByClient[c] != want {
					t.Errorf("client %d: %v, want %v", c, got.ByClient[c], want)
				}
			}
		})
	}
}

func TestProgressMeter(t *testing.T) {
	tests := []struct {
		line string
		n    int64
		ok   bool
	}{
		{"progress: 1.0 s, 100.0 tps, lat 1.0 ms stddev 0.5", 100, true},
		{"progress: 3.0 s, 50.0 tps, lat 1.0 ms stddev 0.5, 0 failed", 100, true},
		{"progress: 4.0 s, 0.0 tps, lat 0.000 ms stddev 0.000", 0, true},
		{"progress: 2.0 s, 50.0 tps, goes back", 0, false},
		{"progress: 5.0 s, NaN tps, lat", 0, false},
		{`pgbench: error: client 0 aborted in command 4`, 0, false},
		{"", 0, false},
	}
	var m progressMeter
	for _, tt := range tests {
		if n, ok := m.count(tt.line); n != tt.n || ok != tt.ok {
			t.Errorf("%q: %d %v, want %d %v", tt.line, n, ok, tt.n, tt.ok)
		}
	}
}

func TestNewestPgbench(t *testing.T) {
	got := newest([]string{"/usr/lib/postgresql/9.6/bin/pgbench", "/usr/lib/postgresql/17/bin/pgbench", "/usr/lib/postgresql/15/bin/pgbench"})
	if want := "/usr/lib/postgresql/17/bin/pgbench"; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
