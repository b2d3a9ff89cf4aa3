package ledger

import (
	"cmp"
	"maps"
	"slices"
)

// checkTransfers finds torn transactions: an entry has exactly the two legs
// that were sent with it, and no leg is without its entry.
func (c *checker) checkTransfers() {
	legs := map[int64][]Leg{}
	for _, l := range c.state.Legs {
		legs[l.Attempt] = append(legs[l.Attempt], l)
	}
	for _, r := range c.sortedRows() {
		a, known := c.attempts[r.Attempt]
		if known && !sameLegs(legs[r.Attempt], a.Entry) {
			c.add(entryFault(Torn, r.Client, r.Seq, "its transfer was sent as %v and is there as %v", legsOf(a.Entry), legs[r.Attempt]))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(legs)) {
		if _, there := c.present[id]; !there {
			c.addOrphan(id, legs[id])
		}
	}
}

func (c *checker) addOrphan(attempt int64, legs []Leg) {
	a, known := c.attempts[attempt]
	if !known {
		c.add(accountFault(Stranger, legs[0].Account, "the log has no such transfer as attempt %d", attempt))
		return
	}
	c.add(entryFault(Torn, a.Client, a.Seq, "its transfer is there as %v, its entry is not", legs))
}

func (c *checker) sortedRows() []Row {
	var rows []Row
	for _, client := range c.clients() {
		rows = append(rows, c.rows[client]...)
	}
	return rows
}

func legsOf(e Entry) []Leg {
	return []Leg{
		{Attempt: e.Attempt, Account: e.From, Amount: -e.Amount},
		{Attempt: e.Attempt, Account: e.To, Amount: e.Amount},
	}
}

func sameLegs(got []Leg, e Entry) bool {
	byAmount := func(a, b Leg) int { return cmp.Compare(a.Amount, b.Amount) }
	return slices.Equal(slices.SortedFunc(slices.Values(got), byAmount), legsOf(e))
}

// checkBalances compares each balance with its account's transfers, and both
// with zero.
func (c *checker) checkBalances() {
	sums := map[int]int64{}
	for account := range c.state.Balances {
		sums[account] = 0
	}
	var total, balances int64
	for _, l := range c.state.Legs {
		sums[l.Account] += l.Amount
		total += l.Amount
	}
	for _, account := range slices.Sorted(maps.Keys(sums)) {
		got, there := c.state.Balances[account]
		balances += got
		if got != sums[account] || !there {
			c.add(accountFault(Balance, account, "its balance is %d, its transfers sum to %d", got, sums[account]))
		}
	}
	if total != 0 || balances != 0 {
		c.add(accountFault(Unequal, None, "the transfers sum to %d and the balances to %d, not to 0", total, balances))
	}
}
