package ledger

import "fmt"

// Span is what the entries themselves betray of where the cut lay: it came
// after the latest commit that is there was sent, and before the earliest
// answer that is not there arrived.
type Span struct {
	After  Attempt // the entry that is there and was sent last
	Before Attempt // the acknowledged entry that is gone and was answered first; Attempt 0: none
}

// String gives the instants between which the cut lay.
func (s Span) String() string {
	if s.Before.Attempt == 0 {
		return fmt.Sprintf("after %s", millis(s.After.Sent))
	}
	return fmt.Sprintf("between %s and %s", millis(s.After.Sent), millis(s.Before.Answered))
}

// checkCuts finds states that belong to no single instant: an entry is gone
// though it was acknowledged before another client even sent one that is there.
func (c *checker) checkCuts() {
	for _, r := range c.Rollbacks {
		span := c.narrow(r)
		for _, a := range c.ordered {
			if c.goneAtCut(a, r) && a.Answered < span.After.Sent {
				c.add(entryFault(Skewed, a.Client, a.Seq,
					"it was acknowledged at %s and is not there, but client %d seq %d, sent later at %s, is",
					millis(a.Answered), span.After.Client, span.After.Seq, millis(span.After.Sent)))
			}
		}
		c.report.Cuts = append(c.report.Cuts, span)
	}
}

func (c *checker) narrow(r Rollback) Span {
	var s Span
	for _, a := range c.ordered {
		_, there := c.present[a.Attempt]
		switch {
		case there && a.Sent <= r.CutEnd:
			s.After = a // attempts are in the order of their sending
		case c.goneAtCut(a, r) && (s.Before.Attempt == 0 || a.Answered < s.Before.Answered):
			s.Before = a
		}
	}
	return s
}

// goneAtCut is true for an entry that only this cut excuses from being there.
func (c *checker) goneAtCut(a Attempt, r Rollback) bool {
	_, there := c.present[a.Attempt]
	return !there && a.Outcome == Committed && a.Answered >= r.CutStart && a.Sent <= r.CutEnd
}
