package quiescetest

import "testing"

// Traits say how the servers of a harness differ from the ordinary: those with
// transactions, a fence that dies with its session, and an identity that
// outlives a start. Each makes the suite ask another question, or none.
type Traits struct {
	// NoTransactions: a write is done or not begun. Begin and Commit of the
	// clients do nothing.
	NoTransactions bool
	// NoFence says why these servers cannot be fenced; empty: they can.
	NoFence string
	// FenceOutlives: a fence ends by Close, by Release or by itself, not with
	// the connections of its session.
	FenceOutlives bool
	// FencePatient: a fence is not attempted beside an open transaction, so that
	// there is nothing to be seen of an attempt.
	FencePatient bool
	// FenceHidden: no other session can tell that a fence stands.
	FenceHidden bool
	// WritesThrough: what is acknowledged is in the files already, so that a
	// flush changes nothing that could be seen.
	WritesThrough bool
	// NewIdentity: a server that starts again is another one to Verify.
	NewIdentity bool
}

// A Harness with this method has traits.
type peculiar interface{ Traits() Traits }

func traitsOf(h Harness) Traits {
	if p, ok := h.(peculiar); ok {
		return p.Traits()
	}
	return Traits{}
}

// The reasons why a case is not for a kind of server.
func always(Traits) string { return "" }

func transactions(t Traits) string {
	if t.NoTransactions {
		return "these servers have no transaction that could be open"
	}
	return ""
}

func noTransactions(t Traits) string {
	if !t.NoTransactions {
		return "these servers have transactions"
	}
	return ""
}

func fences(t Traits) string { return t.NoFence }

func queues(t Traits) string {
	if t.NoFence != "" {
		return t.NoFence
	}
	return transactions(t)
}

func outlives(t Traits) string {
	switch {
	case t.NoFence != "":
		return t.NoFence
	case !t.FenceOutlives:
		return "the fence of these servers dies with its session"
	}
	return ""
}

func notOutlives(t Traits) string {
	if t.FenceOutlives {
		return "the fence of these servers outlives its session"
	}
	return ""
}

// unless skips a case with the reason.
func unless(t *testing.T, reason string) {
	t.Helper()
	if reason != "" {
		t.Skip(reason)
	}
}
