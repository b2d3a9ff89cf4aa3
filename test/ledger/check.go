package ledger

import (
	"cmp"
	"maps"
	"slices"
)

// Check decides from the log alone whether the state is what it must be. The
// error is for a log or an expectation that makes no sense; a state that
// breaks a promise is in the report, see Report.Err. Nobody may write between
// the reading of the state and the copy of the history: stop the load, or the
// server, first.
func Check(h History, s State, x Expect) (*Report, error) {
	if err := x.valid(); err != nil {
		return nil, err
	}
	attempts, err := h.Attempts()
	if err != nil {
		return nil, err
	}
	c := newChecker(attempts, s, x)
	c.checkNumbers()
	c.checkRows()
	c.checkRequired()
	c.checkCuts()
	c.checkProgress()
	c.checkTransfers()
	c.checkBalances()
	return c.finish(), nil
}

// checker holds the two sides that are compared.
type checker struct {
	Expect
	state    State
	ordered  []Attempt // as they were sent
	attempts map[int64]Attempt
	rows     map[int][]Row // by client, in order of their numbers
	present  map[int64]Row // by attempt
	report   Report
}

func newChecker(attempts []Attempt, s State, x Expect) *checker {
	c := &checker{
		Expect: x, state: s, ordered: attempts, attempts: map[int64]Attempt{},
		rows: map[int][]Row{}, present: map[int64]Row{},
	}
	for _, a := range attempts {
		c.attempts[a.Attempt] = a
		c.rows[a.Client] = nil
	}
	for _, r := range s.Rows {
		c.rows[r.Client] = append(c.rows[r.Client], r)
		c.present[r.Attempt] = r
	}
	for _, rows := range c.rows {
		slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return c
}

func (c *checker) add(v Violation) { c.report.Violations = append(c.report.Violations, v) }

func (c *checker) clients() []int { return slices.Sorted(maps.Keys(c.rows)) }

// checkNumbers finds holes and duplicates: every client has 1 … k.
func (c *checker) checkNumbers() {
	for _, client := range c.clients() {
		want := int64(1)
		for _, r := range c.rows[client] {
			switch {
			case r.Seq < 1:
				continue // no client counts like that: a stranger
			case r.Seq < want:
				c.add(entryFault(Duplicate, client, r.Seq, "it is there more than once, again as attempt %d", r.Attempt))
				continue
			case r.Seq > want:
				c.add(entryFault(Hole, client, want, "%d to %d are missing, but %d is there", want, r.Seq-1, r.Seq))
			}
			want = r.Seq + 1
		}
	}
}

// checkRows finds entries that must not be there.
func (c *checker) checkRows() {
	for _, client := range c.clients() {
		for _, r := range c.rows[client] {
			c.checkRow(r)
		}
	}
}

func (c *checker) checkRow(r Row) {
	a, known := c.attempts[r.Attempt]
	if !known || a.Client != r.Client || a.Seq != r.Seq {
		c.add(entryFault(Stranger, r.Client, r.Seq, "the log has no such entry as attempt %d", r.Attempt))
		return
	}
	if back, gone := c.takenBack(a); gone {
		c.add(entryFault(AfterCut, r.Client, r.Seq, "it was sent at %s, after the cut that ended at %s, and is there",
			millis(a.Sent), millis(back.CutEnd)))
	}
	if a.Outcome == NotCommitted {
		c.add(entryFault(Denied, r.Client, r.Seq, "the server refused it at %s, and it is there", millis(a.Answered)))
	}
}

// checkRequired finds acknowledged entries that are lost.
func (c *checker) checkRequired() {
	for _, a := range c.ordered {
		if _, there := c.present[a.Attempt]; !there && c.required(a) {
			c.add(entryFault(Missing, a.Client, a.Seq, "it was acknowledged at %s and is not there (attempt %d)",
				millis(a.Answered), a.Attempt))
		}
	}
}

// checkProgress finds clients that the restored database does not serve.
func (c *checker) checkProgress() {
	if c.ProgressAfter == 0 {
		return
	}
	moved := map[int]bool{}
	for _, a := range c.ordered {
		if a.Outcome == Committed && a.Sent > c.ProgressAfter {
			moved[a.Client] = true
		}
	}
	for _, client := range c.clients() {
		if !moved[client] {
			c.add(entryFault(Stuck, client, 0, "none of its entries was acknowledged after %s", millis(c.ProgressAfter)))
		}
	}
}
