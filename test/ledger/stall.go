package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Gap is a time without an acknowledgement.
type Gap struct {
	Start, End time.Duration // since the log began
	Open       bool          // no acknowledgement followed until the log's end
}

// Length is how long the gap lasted.
func (g Gap) Length() time.Duration { return g.End - g.Start }

// String gives length, start and end, in milliseconds.
func (g Gap) String() string {
	s := fmt.Sprintf("%s (from %s to %s)", millis(g.Length()), millis(g.Start), millis(g.End))
	if g.Open {
		s += ", not over when the log ended"
	}
	return s
}

// Stalls are the longest times without an acknowledgement.
type Stalls struct {
	Overall  Gap         // nobody received one
	ByClient map[int]Gap // this client received none
}

// Stalls finds the longest gaps among those that touch the span from start to
// end. Edges count: a gap may begin with the log, and end with it.
func (h History) Stalls(start, end time.Duration) Stalls {
	overall := gapFinder{start: start, end: end}
	by := map[int]*gapFinder{}
	for _, e := range h.Events {
		if by[e.Client] == nil {
			by[e.Client] = &gapFinder{start: start, end: end}
		}
		if e.Kind == Acked {
			overall.ack(e.At)
			by[e.Client].ack(e.At)
		}
	}
	s := Stalls{Overall: overall.finish(h.last()), ByClient: map[int]Gap{}}
	for c, f := range by {
		s.ByClient[c] = f.finish(h.last())
	}
	return s
}

// String is one line for everybody and one for each client.
func (s Stalls) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "longest stall, all clients: %s\n", s.Overall)
	for _, c := range slices.Sorted(maps.Keys(s.ByClient)) {
		fmt.Fprintf(&b, "longest stall, client %d: %s\n", c, s.ByClient[c])
	}
	return b.String()
}

func (h History) last() time.Duration {
	if len(h.Events) == 0 {
		return 0
	}
	return h.Events[len(h.Events)-1].At
}

type gapFinder struct {
	start, end time.Duration
	previous   time.Duration // the last acknowledgement, or the log's beginning
	longest    Gap
}

func (f *gapFinder) ack(at time.Duration) {
	f.consider(Gap{Start: f.previous, End: at})
	f.previous = at
}

func (f *gapFinder) finish(last time.Duration) Gap {
	f.consider(Gap{Start: f.previous, End: last, Open: true})
	return f.longest
}

func (f *gapFinder) consider(g Gap) {
	touches := g.Start <= f.end && g.End >= f.start
	if touches && g.Length() > f.longest.Length() {
		f.longest = g
	}
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
